"""A made-up reader who stands for a segment, so that editors see what its readers would."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from personalization.exceptions import InvalidRules
from personalization.models import Profile
from personalization.segmentation import References, parse_rules, wanted_topics
from personalization.types import ProfileState, Vector
from tagging import index

from .estimates import matcher_for_known, seen_lately
from .references import load_references
from .store import profile_of

SAMPLE = 200
"""So many of a segment's visitors are enough to know what it reads."""

INTEREST = 0.8
"""How much of an invented reader's reading is about the topics its segment asks for, at the least."""

MASS = 3.0
"""An invented reader has read as much as somebody with three pages behind them."""


def representative_profile(segment_ids: Collection[int]) -> ProfileState | None:
    """The mean of the visitors who belong; where nobody does yet, a reader made from the rules' topics.

    None where neither says anything about interests. Holds no visitor's pages.
    """
    references = load_references()
    found = [profile for pk in segment_ids if (profile := _of_segment(pk, references)) is not None]
    return _mean(found)


def _of_segment(segment_id: int, references: References) -> ProfileState | None:
    known = references.segments.get(segment_id)
    try:
        tree = parse_rules(known.rules if known else {}, references, segment_id)
    except InvalidRules:
        return None
    matches = matcher_for_known(tree)
    belonging = (row.pk for row, profile, context in seen_lately() if matches(profile, context))
    rows = Profile.objects.filter(pk__in=list(islice(belonging, SAMPLE)))
    model = index.live_model_name()
    profiles = [profile_of(row) if row.vector_model == model else replace(profile_of(row), vector=None) for row in rows]
    return _mean(profiles) or _invented(wanted_topics(tree))


def _invented(topics: Mapping[int, float]) -> ProfileState | None:
    if not topics:
        return None
    wanted = {topic: weight or INTEREST / len(topics) for topic, weight in topics.items()}
    total = sum(wanted.values())
    scale = min(max(INTEREST, total), 1.0) / total
    return ProfileState(
        topics={topic: weight * scale for topic, weight in wanted.items()}, views=3, visits=2, mass=MASS
    )


def _mean(profiles: Sequence[ProfileState]) -> ProfileState | None:
    if not profiles:
        return None
    topics = {topic for profile in profiles for topic in profile.topics}
    n = len(profiles)
    return ProfileState(
        vector=_mean_vector([profile.vector for profile in profiles if profile.vector is not None]),
        vector_model=next((profile.vector_model for profile in profiles if profile.vector is not None), ""),
        topics={topic: sum(profile.topics.get(topic, 0.0) for profile in profiles) / n for topic in topics},
        views=round(sum(profile.views for profile in profiles) / n),
        visits=round(sum(profile.visits for profile in profiles) / n),
        mass=sum(profile.mass for profile in profiles) / n,
    )


def _mean_vector(vectors: Sequence[Vector]) -> Vector | None:
    if not vectors:
        return None
    mean = np.mean(vectors, axis=0)
    length = float(np.linalg.norm(mean))
    return (mean / length).astype(np.float32) if length > 0 else None
