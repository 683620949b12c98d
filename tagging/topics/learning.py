"""What editors' decisions teach: pages that are alike have topics alike, and a topic's pages have something in common.

The neighbours are what can be shown to an editor; a ridge regression on the page vectors joins them as a
topic gathers pages. Both were chosen, and their constants fitted, on pages older than those that
docs/quality.md reports on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagging.types import Decisions, Vector

HALF_LIFE_DAYS = 1000.0  # a decision of this age counts half
NEIGHBOURS = 20  # decided pages that a page is compared with
SHARPNESS = 4  # the nearest of them count by this power of their cosine
FEW_DECISIONS = 30  # with so many decided pages, what they say counts half
FEW_PAGES = 8  # with so many accepted pages, a topic's own regression counts half
RIDGE = 1.0  # of the regression, in pages
SPREAD_FLOOR = 0.01  # variance added to a topic's: a rare topic's regression is no louder than a common one's
NEIGHBOUR_WEIGHT, REGRESSION_WEIGHT = 8.0, 3.0  # in the matcher's logit
KNOWN_OFFSET = 1.0  # off the logit of a topic that editors know well: else all that they use would rise
SHOWN = 3  # pages named as a reason


@dataclass(frozen=True, slots=True)
class Learned:
    """What decisions say about one page: for each topic an addend of its logit, and pages that speak for it."""

    scores: npt.NDArray[np.float64]
    similar: tuple[tuple[int, ...], ...]


class Lessons:
    """Made once from all decisions, then asked page by page. At least one decision is needed."""

    def __init__(self, decisions: Decisions) -> None:
        self._page_ids = np.asarray(decisions.page_ids)
        self._vectors = decisions.vectors
        self._votes = decisions.votes
        self._ages = 0.5 ** (decisions.age_days / HALF_LIFE_DAYS)
        self._centre = self._ages @ self._vectors / self._ages.sum()
        pages = self._ages @ np.maximum(self._votes, 0)
        self._known = pages / (pages + FEW_PAGES)
        self._coefficients = self._regress()

    def about(self, page_id: int, vector: Vector) -> Learned:
        """What the decisions on other pages say of this one. A page is no witness for itself."""
        others = np.flatnonzero(self._page_ids != page_id)
        cosines = self._vectors[others] @ vector
        order = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        near = others[order]
        pull = np.maximum(cosines[order], 0.0) ** SHARPNESS * self._ages[near]
        votes = self._votes[near]
        trust = len(others) / (len(others) + FEW_DECISIONS)
        neighbours = (pull @ votes) / (pull.sum() + 1e-9)
        scores = trust * (NEIGHBOUR_WEIGHT * neighbours + self._regressed(vector, len(others)))
        similar = tuple(tuple(self._page_ids[near[column > 0][:SHOWN]].tolist()) for column in votes.T)
        return Learned(scores, similar)

    def _regressed(self, vector: Vector, witnesses: int) -> npt.NDArray[np.float64] | float:
        """What the regression adds: nothing for a page that it was fitted to."""
        if witnesses < len(self._page_ids):
            return 0.0
        fit = (vector - self._centre) @ self._coefficients
        return np.asarray(REGRESSION_WEIGHT * fit - KNOWN_OFFSET * self._known)

    def _regress(self) -> npt.NDArray[np.float64]:
        """One column of coefficients a topic: ridge regression of its votes, in its votes' own standard deviations.

        So scaled, how often a topic was used does not count, which drifts; a topic without a page has zeros.
        """
        features = self._vectors - self._centre
        weighted = features.T * self._ages
        means = self._ages @ self._votes / self._ages.sum()
        spread = np.sqrt(np.maximum(self._ages @ self._votes**2 / self._ages.sum() - means**2, 0) + SPREAD_FLOOR)
        ridge = RIDGE * np.eye(features.shape[1])
        solved = np.linalg.solve(weighted @ features + ridge, weighted @ (self._votes - means))
        return np.asarray(solved / spread * self._known)
