"""Pages for what a consenting visitor has been reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from personalization.types import Candidate, ProfileState, Vector
from tagging import index
from tagging.types import Neighbour, PageTopic

from .base import CandidateSource, SourceRequest, register

TOPICS_ASKED = 4
RECENT_ASKED = 10

SHOWN_WEIGHT = 0.5
SHOWN_HALF = 20.0
"""So many pages shown and not clicked turn the profile half as much as the most would."""

SHORTEST = 1e-3

KINSHIP = 0.5
"""How much an interest in a topic says about the topic above it, the topics below and those beside it."""


@dataclass(frozen=True, slots=True)
class Interest:
    """A topic's weight in [0, 1], and the topic that says why: itself, or the one that it shares with what was read."""

    weight: float
    because_of: int


@register
class ProfileSource(CandidateSource):
    """Pages near the profile's vector and pages on its strongest topics and their kin.

    The profile's vector is turned away from what lists showed the visitor without a click (`turned`).
    Score: the mean of cosine similarity to it and the weight of the page's best topic in the profile
    times that topic's score on the page. Where the profile has only one of the two, that one alone.
    """

    name = "profile"
    is_fit = True

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        profile = request.query.profile
        if profile is None:
            return []
        profile = replace(profile, vector=turned(profile))
        interests = interests_of(profile.topics, index.topic_parents()) if profile.topics else {}
        near = _nearest(profile, request)
        # Nothing near it: the vector is of an embedding model that is no longer live, and fits no page's.
        vector = profile.vector if near else None
        page_ids = _proposed(near, interests, request)
        recent = [page.page_id for page in profile.recent[:RECENT_ASKED]]
        vectors = index.vectors([*page_ids, *recent])
        topics = index.topics_of(page_ids)
        found = [
            _candidate(page_id, vector, interests, recent, vectors, topics.get(page_id, [])) for page_id in page_ids
        ]
        return sorted(found, key=lambda c: (-c.score, c.page_id))[: request.limit]


def turned(profile: ProfileState) -> Vector | None:
    """The profile's direction, away from what was shown and not clicked, the more so the more that was.

    Clicks minus what was shown without one tell better what is clicked next than clicks alone: AUC .634 against .610,
    measured on news impressions.
    """
    if profile.vector is None or profile.shown_vector is None or profile.vector.shape != profile.shown_vector.shape:
        return profile.vector
    weight = SHOWN_WEIGHT * profile.shown / (profile.shown + SHOWN_HALF)
    direction = profile.vector - weight * profile.shown_vector
    length = float(np.linalg.norm(direction))
    return (direction / length).astype(np.float32) if length > SHORTEST else profile.vector


def interests_of(topics: Mapping[int, float], parents: Mapping[int, int | None]) -> dict[int, Interest]:
    """The profile's topics, and the topics next to them in the tree with `KINSHIP` of their weight."""
    found: dict[int, Interest] = {}
    for topic, weight in topics.items():
        parent = parents.get(topic)
        kin = {other: parent for other, above in parents.items() if parent is not None and above == parent}
        kin |= {other: topic for other, above in parents.items() if above == topic}
        kin |= {parent: parent} if parent is not None else {}
        near = {other: Interest(weight * KINSHIP, because) for other, because in kin.items() if because is not None}
        for other, interest in (near | {topic: Interest(weight, topic)}).items():
            found[other] = max(found.get(other, interest), interest, key=lambda i: (i.weight, -i.because_of))
    return found


def _nearest(profile: ProfileState, request: SourceRequest) -> list[Neighbour]:
    if profile.vector is None:
        return []
    return index.nearest(profile.vector, request.limit, request.search, model_name=profile.vector_model or None)


def _proposed(near: Sequence[Neighbour], interests: Mapping[int, Interest], request: SourceRequest) -> list[int]:
    """Page ids, each once; a fixed number of searches."""
    found = list(near)
    for topic_id in _strongest(interests):
        found = [*found, *index.pages_about(topic_id, request.limit, request.search)]
    return sorted({near.page_id for near in found})


def _strongest(interests: Mapping[int, Interest]) -> list[int]:
    """A topic that is there for the sake of another one is asked about through that one, which includes it."""
    own = {topic: interest.weight for topic, interest in interests.items() if interest.because_of == topic}
    return sorted(own, key=lambda topic: (-own[topic], topic))[:TOPICS_ASKED]


def _candidate(
    page_id: int,
    vector: Vector | None,
    interests: Mapping[int, Interest],
    recent: Sequence[int],
    vectors: Mapping[int, Vector],
    topics: Sequence[PageTopic],
) -> Candidate:
    best = max((topic for topic in topics if topic.topic_id in interests), key=_match(interests), default=None)
    parts = [] if vector is None else [max(_cosine(vector, vectors.get(page_id)), 0.0)]
    if interests:
        parts.append(_match(interests)(best)[0] if best else 0.0)
    evidence = _read_evidence(page_id, recent, vectors)
    if best:
        interest = interests[best.topic_id]
        evidence |= {"topic_id": interest.because_of, "weight": round(interest.weight, 4)}
    return Candidate(page_id, sum(parts) / len(parts) if parts else 0.0, ProfileSource.name, evidence)


def _match(interests: Mapping[int, Interest]) -> Callable[[PageTopic], tuple[float, int]]:
    """How much a page's topic is to the visitor's liking; equal ones by id."""
    return lambda topic: (interests[topic.topic_id].weight * topic.score, -topic.topic_id)


def _read_evidence(page_id: int, recent: Sequence[int], vectors: Mapping[int, Vector]) -> dict[str, Any]:
    """The page read of late that is most like this one."""
    alike = {read: _cosine(vectors.get(page_id), vectors.get(read)) for read in recent if read != page_id}
    if not alike:
        return {}
    best = max(alike, key=lambda read: (alike[read], -read))
    return {"page_id": best, "similarity": round(alike[best], 4)} if alike[best] > 0.0 else {}


def _cosine(one: Vector | None, other: Vector | None) -> float:
    """0 where either is missing, or is of another embedding model."""
    if one is None or other is None or one.shape != other.shape:
        return 0.0
    return float(np.dot(one, other))
