"""Forward decay (Cormode et al., 2009): a sum that ages without being touched.

What counts for less the older it is would have to be gone through again and again. Instead each event is added with
the weight `2^((t - t0) / h)` that grows with its time t, and a sum is divided by the weight of now when it is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]

HOUR: Final = 3600.0
EVER: Final = math.inf
"""A half-life in which nothing ages."""

MOST_DOUBLINGS: Final = 500.0
"""A double overflows at 1024 doublings; half of that leaves room for the sums."""


def decayed(score: float, age: float, half_life: float) -> float:
    """What `score` has decayed to after `age`, in the half-life's unit. Decaying twice is decaying by the sum."""
    return score * math.exp2(-age / half_life)


class Clock:
    """Gives the weights of moments, in seconds, for several half-lives at once.

    Sums made of these weights are put right by `moved()` where a moment lies too far from the first one.
    """

    def __init__(self, half_lives: Sequence[float]) -> None:
        """`half_lives` in seconds, all above 0; `EVER` for a plain count."""
        self.half_lives = tuple(float(one) for one in half_lives)
        self._shortest = min(self.half_lives)
        self._since: float | None = None
        self._last: tuple[float, tuple[float, ...]] | None = None

    def weights(self, at: float) -> tuple[float, ...]:
        """What an event at `at` adds to each of the sums."""
        if self._last is not None and self._last[0] == at:  # a view is many pairs
            return self._last[1]
        since = self._since = at if self._since is None else self._since
        weights = tuple([math.exp2((at - since) / half_life) for half_life in self.half_lives])
        self._last = at, weights
        return weights

    def factors(self, at: float) -> Row:
        """By what the sums are multiplied to say what they are as of `at`."""
        since = at if self._since is None else self._since
        return np.array([math.exp2((since - at) / half_life) for half_life in self.half_lives])

    def moved(self, at: float) -> Row | None:
        """Where `at` is too far ahead: what to multiply every sum by, having started anew at `at`. Else None."""
        if self._since is None or at - self._since <= MOST_DOUBLINGS * self._shortest:
            return None
        factors = self.factors(at)
        self._since, self._last = at, None
        return factors
