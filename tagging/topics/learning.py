"""What editors' decisions teach: pages that are alike have topics alike, and a topic's pages have something in common.

The neighbours, by meaning and by words, are what can be shown to an editor; a ridge regression on the page
vectors joins them as a topic gathers pages. All were chosen, and their constants fitted, on pages older than
those that docs/quality.md reports on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tagging.types import Decisions, Vector, Words

from .vocabulary import WordIndex

HALF_LIFE_DAYS = 1000.0  # a decision of this age counts half
NEIGHBOURS = 20  # decided pages that a page is compared with
MEANING_SHARPNESS, WORDS_SHARPNESS = 4, 2  # the nearest of them count by this power of their cosine
FEW_DECISIONS = 30  # with so many decided pages, what they say counts half
FEW_PAGES = 8  # with so many accepted pages, a topic's own regression counts half
RIDGE = 1.0  # of the regression, in pages
SPREAD_FLOOR = 0.01  # variance added to a topic's: a rare topic's regression is no louder than a common one's
MEANING_WEIGHT, WORDS_WEIGHT, REGRESSION_WEIGHT = 5.0, 8.0, 4.0  # in the matcher's logit
OFFSET = 1.5  # off the logit of every topic: on average, what is learned adds about as much
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
        self._words = WordIndex(decisions.words) if decisions.words else None
        self._votes = decisions.votes
        self._ages = 0.5 ** (decisions.age_days / HALF_LIFE_DAYS)
        self._centre = self._ages @ self._vectors / self._ages.sum()
        self._coefficients = self._regress()

    def about(self, page_id: int, vector: Vector, words: Words) -> Learned:
        """What the decisions on other pages say of this one. A page is no witness for itself."""
        others = self._page_ids != page_id
        alike = MEANING_WEIGHT * self._pull(self._vectors @ vector, others, MEANING_SHARPNESS)
        if self._words:
            alike += WORDS_WEIGHT * self._pull(self._words.cosines(words), others, WORDS_SHARPNESS)
        witnesses = int(others.sum())
        trust = witnesses / (witnesses + FEW_DECISIONS)
        regressed = 0.0 if witnesses < len(others) else (vector - self._centre) @ self._coefficients
        scores = trust * (alike @ self._votes + REGRESSION_WEIGHT * regressed - OFFSET)
        return Learned(scores, self._speakers(alike))

    def _pull(
        self, cosines: npt.NDArray[np.floating], others: npt.NDArray[np.bool_], sharpness: int
    ) -> npt.NDArray[np.float64]:
        """What each decided page counts: the nearest of the others share 1, by nearness and age."""
        nearness = np.where(others, np.maximum(cosines, 0.0), 0.0)
        nearest = np.argsort(-nearness, kind="stable")[:NEIGHBOURS]
        pull = np.zeros(len(nearness))
        pull[nearest] = nearness[nearest] ** sharpness * self._ages[nearest]
        return np.asarray(pull / (pull.sum() + 1e-9))

    def _speakers(self, alike: npt.NDArray[np.float64]) -> tuple[tuple[int, ...], ...]:
        """For each topic the pages most alike that editors gave it, at most `SHOWN`."""
        near = np.flatnonzero(alike)
        near = near[np.argsort(-alike[near], kind="stable")]
        ids, votes = self._page_ids[near], self._votes[near]
        return tuple(tuple(ids[column > 0][:SHOWN].tolist()) for column in votes.T)

    def _regress(self) -> npt.NDArray[np.float64]:
        """One column of coefficients a topic: ridge regression of its votes, in its votes' own standard deviations.

        So scaled, how often a topic was used does not count, which drifts; a topic without a page has zeros.
        """
        pages = self._ages @ np.maximum(self._votes, 0)
        features = self._vectors - self._centre
        weighted = features.T * self._ages
        means = self._ages @ self._votes / self._ages.sum()
        spread = np.sqrt(np.maximum(self._ages @ self._votes**2 / self._ages.sum() - means**2, 0) + SPREAD_FLOOR)
        ridge = RIDGE * np.eye(features.shape[1])
        solved = np.linalg.solve(weighted @ features + ridge, weighted @ (self._votes - means))
        return np.asarray(solved / spread * pages / (pages + FEW_PAGES))


@lru_cache(maxsize=2)
def lessons_from(decisions: Decisions) -> Lessons:
    """The lessons of these very decisions, made once: batch after batch is scored with them."""
    return Lessons(decisions)
