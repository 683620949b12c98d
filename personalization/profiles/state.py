"""What a tally says of the visitor: a direction and topic weights, where there is enough to go by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from personalization.types import ProfileState, Vector

from .folding import Sum, Tally

PRIOR: Final = 1.0
"""One view's worth of doubt: a single page read does not make anybody wholly interested in its topic."""

_SHORTEST: Final = 1e-6


def profile_state(tally: Tally) -> ProfileState:
    """The profile that a tally amounts to.

    There is no vector while dislikes outweigh reading: the opposite of a disliked page is no interest.
    """
    return ProfileState(
        vector=unit(tally.vector_sum) if tally.mass > 0 else None,
        topics=topic_weights(tally.topic_sums),
        recent=tally.recent,
        views=tally.views,
        visits=tally.visits,
        first_seen=tally.first_seen,
        last_seen=tally.last_seen,
        mass=max(0.0, tally.mass),
        updated_at=tally.as_of,
    )


def topic_weights(sums: Mapping[int, float]) -> dict[int, float]:
    """Each topic's share of the reading, in (0, 1), together less than 1. Disliked topics are left out."""
    liked = {topic: value for topic, value in sums.items() if value > 0}
    total = PRIOR + sum(liked.values())
    return {topic: value / total for topic, value in liked.items()}


def unit(vector_sum: Sum | None) -> Vector | None:
    """The sum's direction, or None where likes and dislikes cancel out: never a zero vector."""
    if vector_sum is None:
        return None
    length = float(np.linalg.norm(vector_sum))
    return (vector_sum / length).astype(np.float32) if length > _SHORTEST else None
