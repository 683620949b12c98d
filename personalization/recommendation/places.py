"""How likely a reader looks at each place of a list: what stands on top is clicked for standing there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .logged import Flags, Places
from .signals import Matrix, Row

APART: Final = 12
"""Places further down are looked at alike."""

LEAST_SEEN: Final = 0.1
"""However seldom a place is looked at, a click there counts at most ten times."""

STEPS: Final = 25
CLOSE: Final = 1e-6
PENALTY: Final = 1.0
PLACES_PENALTY: Final = 0.1
"""Keeps a place where nothing was ever clicked finite. Weaker than that of rankers' scores: whatever it takes from the
places would be put down to the ranker that made the lists, which then looks better than it is."""


@dataclass(frozen=True, slots=True)
class PlaceModel:
    """Clicks by logistic regression on the place and on what rankers think of the page: `design` is (examples, width).

    The first column is 1 everywhere, then one for each place but the first, then the rankers' scores.
    """

    design: Matrix
    clicked: Flags
    places: int

    @classmethod
    def of(cls, places: Places, scores: Matrix, clicked: Flags) -> PlaceModel:
        """`places` count from 0; `scores` is (examples, rankers), each of a similar scale in every list."""
        near = np.minimum(places, APART - 1)
        n = int(near.max()) + 1
        columns = (near[:, None] == np.arange(1, n)).astype(np.float64)
        return cls(np.hstack([np.ones((len(places), 1)), columns, scores]), clicked, n)

    def fit(self, weights: Row, start: Row | None = None) -> Row:
        """The coefficients, by Newton's method; `weights` is how often each example counts."""
        width = self.design.shape[1]
        found = np.zeros(width) if start is None else start
        penalty = np.full(width, PENALTY)
        penalty[: self.places] = PLACES_PENALTY
        for _step in range(STEPS):
            chances = _chances(self.design @ found)
            slope = self.design.T @ (weights * (self.clicked - chances)) - penalty * found
            curve = (self.design * (weights * chances * (1.0 - chances))[:, None]).T @ self.design + np.diag(penalty)
            step = np.clip(np.linalg.solve(curve, slope), -2.0, 2.0)
            found = found + step
            if np.abs(step).max() < CLOSE:
                break
        return found

    def seen_at(self, coefficients: Row, weights: Row) -> Row:
        """For each place how often it would be clicked if everything were shown there, beside the first place."""
        others = self.design[:, self.places :] @ coefficients[self.places :] + coefficients[0]
        effects = np.concatenate([[0.0], coefficients[1 : self.places]])
        clicks = np.array([weights @ _chances(others + effect) for effect in effects])
        found: Row = np.clip(clicks / clicks[0], LEAST_SEEN, 1.0)
        return found


def _chances(log_odds: Row) -> Row:
    chances: Row = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -30.0, 30.0)))
    return chances
