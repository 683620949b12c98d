"""Variety."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np
import numpy.typing as npt

from personalization.recommendation.ranking import Floats, Rows
from personalization.recommendation.standing import Situation, Standing, stacked

NEAR: Final = 2
"""So many pages for each place are compared at first."""


@dataclass(frozen=True, slots=True)
class MaximalMarginalRelevance:
    """MMR (Carbonell and Goldstein, 1998): the shown places are filled one by one, the rest stays as it was.

    Each step takes the page with the highest (1 - diversity) x relevance - diversity x similarity, where
    relevance is the score scaled to [0, 1] over its tier and similarity is the highest cosine to a page already
    chosen or held. Equal values keep the order, so that `diversity` 0 is the ranking itself. A page without a vector
    is similar to nothing. A tier is used up before the next one begins.
    The order that comes out is final: never sort it by score again.
    """

    diversity: float
    name: ClassVar[str] = "diversity"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        if self.diversity <= 0.0 or len(standing.order) < 2:
            return standing
        rows, scores = standing.order, standing.scores()
        chosen, others = rows[: standing.held].tolist(), rows[standing.held :]
        tiers = standing.tier[others]
        for tier in sorted(set(tiers.tolist())):
            if (places := situation.n - len(chosen)) <= 0:
                break
            of_tier = others[tiers == tier]
            low, high = _range(scores[standing.tier == tier])
            relevance = (1.0 - self.diversity) * (scores[of_tier] - low) / (high - low or 1.0)
            chosen += self._chosen(of_tier, relevance, chosen, places, situation)
        return standing.in_order(chosen)

    def _chosen(
        self, rows: Rows, relevance: Floats, before: Sequence[int], places: int, situation: Situation
    ) -> list[int]:
        """The next rows, at most `places`. `relevance` is weighted already.

        Similarity only takes away: looked at are the first rows alone, and more of them where one of the others
        might beat what is found there.
        """
        looked_at, found = NEAR * places, None
        while found is None:
            ids = [situation.page_ids[row] for row in (*rows[:looked_at].tolist(), *before)]
            beyond = float(relevance[looked_at:].max(initial=-np.inf))
            found = self._greedy(relevance[:looked_at], stacked(ids, situation.vectors), places, beyond)
            looked_at *= 2
        return [int(row) for row in rows[found]]

    def _greedy(
        self, relevance: Floats, vectors: npt.NDArray[np.float32], places: int, beyond: float
    ) -> list[int] | None:
        """Rows of `relevance`; `vectors` are theirs, then those of what is chosen. None if one is worth < `beyond`."""
        own, others = vectors[: len(relevance)], vectors[len(relevance) :]
        alike = self.diversity * np.maximum(own @ own.T, 0.0)
        first = relevance.copy()
        if len(others):
            first -= self.diversity * np.max(own @ others.T, axis=1, initial=0.0)
        # Plain lists from here on: of so few numbers, numpy's calls would cost more than the work.
        worth, beside = first.tolist(), (relevance - alike).tolist()
        found: list[int] = []
        for _ in range(min(places, len(worth))):
            highest = max(worth)
            if highest < beyond:
                return None
            best = worth.index(highest)
            found.append(best)
            worth = list(map(min, worth, beside[best]))
            worth[best] = -math.inf
        return found


def _range(values: Floats) -> tuple[float, float]:
    return float(values.min()), float(values.max())
