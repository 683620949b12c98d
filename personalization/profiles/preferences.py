"""What visitors say themselves of their interests, beside what their reading says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from personalization.types import Vector

from .folding import Sum
from .state import unit, weights

LIKED: Final = 3.0
"""A liked topic counts as much as three pages read about it just now, and does not fade."""


def with_preferences(sums: Mapping[int, float], liked: Collection[int], muted: Collection[int]) -> dict[int, float]:
    """Topic weights as `weights` makes them, of reading and likes together, without what is muted.

    A like outweighs disliked pages on the topic, however many.
    """
    said = {topic: max(0.0, sums.get(topic, 0.0)) + LIKED for topic in liked}
    return weights({topic: value for topic, value in {**sums, **said}.items() if topic not in muted})


def direction(read: Sum | None, liked: Sum | None) -> Vector | None:
    """Where reading and likes point together; `liked` is the sum of the liked topics' unit vectors.

    Vectors of two lengths are of two models: then only what was read counts.
    """
    if liked is None or (read is not None and read.shape != liked.shape):
        return unit(read)
    return unit(LIKED * liked if read is None else read + LIKED * liked)
