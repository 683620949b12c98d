"""Pages for what a consenting visitor has been reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from personalization.types import Candidate, ProfileState, Vector
from tagging import index
from tagging.types import PageTopic

from .base import CandidateSource, SourceRequest, register

TOPICS_ASKED = 3
RECENT_ASKED = 10


@register
class ProfileSource(CandidateSource):
    """Pages near the profile's vector and pages on its strongest topics.

    Score: the mean of cosine similarity to the profile and the weight of the page's best topic in the profile
    times that topic's score on the page. Where the profile has only one of the two, that one alone.
    """

    name = "profile"
    is_fit = True

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        profile = request.query.profile
        if profile is None:
            return []
        page_ids = _proposed(profile, request)
        recent = [page.page_id for page in profile.recent[:RECENT_ASKED]]
        vectors = index.vectors([*page_ids, *recent])
        topics = index.topics_of(page_ids)
        found = [_candidate(page_id, profile, recent, vectors, topics.get(page_id, [])) for page_id in page_ids]
        return sorted(found, key=lambda c: (-c.score, c.page_id))[: request.limit]


def _proposed(profile: ProfileState, request: SourceRequest) -> list[int]:
    """Page ids, each once; a fixed number of searches."""
    found = [] if profile.vector is None else index.nearest(profile.vector, request.limit, request.search)
    for topic_id in _strongest(profile.topics):
        found = [*found, *index.pages_about(topic_id, request.limit, request.search)]
    return sorted({near.page_id for near in found})


def _strongest(topics: Mapping[int, float]) -> list[int]:
    return sorted(topics, key=lambda topic_id: (-topics[topic_id], topic_id))[:TOPICS_ASKED]


def _candidate(
    page_id: int,
    profile: ProfileState,
    recent: Sequence[int],
    vectors: Mapping[int, Vector],
    topics: Sequence[PageTopic],
) -> Candidate:
    parts: list[float] = []
    if profile.vector is not None:
        parts.append(max(_cosine(profile.vector, vectors.get(page_id)), 0.0))
    best = max(topics, key=lambda t: (_affinity(profile, t), -t.topic_id), default=None)
    if profile.topics:
        parts.append(_affinity(profile, best) if best else 0.0)
    evidence = _topic_evidence(profile, best) | _read_evidence(page_id, recent, vectors)
    return Candidate(page_id, sum(parts) / len(parts) if parts else 0.0, ProfileSource.name, evidence)


def _affinity(profile: ProfileState, topic: PageTopic) -> float:
    return profile.topics.get(topic.topic_id, 0.0) * topic.score


def _topic_evidence(profile: ProfileState, topic: PageTopic | None) -> dict[str, Any]:
    if topic is None or topic.topic_id not in profile.topics:
        return {}
    return {"topic_id": topic.topic_id, "weight": round(profile.topics[topic.topic_id], 4)}


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
