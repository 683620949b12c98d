"""What a tally says of the visitor: a direction and topic weights, where there is enough to go by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import numpy as np

from personalization.types import ProfileState, Vector

from .folding import Key, Sum, Tally

PRIOR: Final = 1.0
"""One view's worth of doubt: a single page read does not make anybody wholly interested in its topic."""

_SHORTEST: Final = 1e-6


def profile_state(tally: Tally, half_life: timedelta) -> ProfileState:
    """The profile that a tally amounts to; `half_life` is the one it was folded with.

    There is no vector while dislikes outweigh reading: the opposite of a disliked page is no interest.
    """
    return ProfileState(
        vector=unit(tally.vector_sum) if tally.mass > 0 else None,
        shown_vector=unit(tally.shown_sum) if tally.shown > 0 else None,
        shown=max(0.0, tally.shown),
        topics=weights(tally.topic_sums),
        entities=weights(tally.entity_sums),
        sections=dict(tally.section_sums),
        devices=shares(tally.device_sums),
        hours=shares(tally.hour_sums),
        engagement=min(1.0, tally.attention / tally.read) if tally.read > 0 else 0.0,
        frequency=frequency(tally.returns, half_life),
        recent=tally.recent,
        views=tally.views,
        visits=tally.visits,
        first_seen=tally.first_seen,
        last_seen=tally.last_seen,
        mass=max(0.0, tally.mass),
        updated_at=tally.as_of,
    )


def weights(sums: Mapping[int, float]) -> dict[int, float]:
    """Each topic's or entity's share of the reading, in (0, 1), together less than 1. Disliked ones are left out."""
    liked = {key: value for key, value in sums.items() if value > 0}
    total = PRIOR + sum(liked.values())
    return {key: value / total for key, value in liked.items()}


def shares(sums: Mapping[Key, float]) -> dict[Key, float]:
    """Each key's part of the whole: together 1, or nothing at all."""
    total = sum(sums.values())
    return {key: value / total for key, value in sums.items()} if total > 0 else {}


def frequency(returns: float, half_life: timedelta) -> float:
    """Visits a week: a steady rate r of visits gathers a decayed sum of r * half-life / ln 2."""
    return returns * math.log(2) / (half_life / timedelta(weeks=1))


def unit(vector_sum: Sum | None) -> Vector | None:
    """The sum's direction, or None where likes and dislikes cancel out: never a zero vector."""
    if vector_sum is None:
        return None
    length = float(np.linalg.norm(vector_sum))
    return (vector_sum / length).astype(np.float32) if length > _SHORTEST else None
