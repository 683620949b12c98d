"""What editors' decisions teach: pages that are alike have topics alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagging.types import Decisions, Vector

HALF_LIFE_DAYS = 1000.0  # a decision of this age counts half
NEIGHBOURS = 20  # decided pages that a page is compared with
SHARPNESS = 4  # the nearest of them count by this power of their cosine
FEW_DECISIONS = 30  # with so many decided pages, what they say counts half
NEIGHBOUR_WEIGHT = 9.0  # of the matcher's logit: all neighbours agree (docs/quality.md)
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

    def about(self, page_id: int, vector: Vector) -> Learned:
        """What the decisions on other pages say of this one. A page is no witness for itself."""
        others = np.flatnonzero(self._page_ids != page_id)
        cosines = self._vectors[others] @ vector
        order = np.argsort(-cosines, kind="stable")[:NEIGHBOURS]
        near = others[order]
        pull = np.maximum(cosines[order], 0.0) ** SHARPNESS * self._ages[near]
        votes = self._votes[near]
        trust = NEIGHBOUR_WEIGHT * len(others) / (len(others) + FEW_DECISIONS)
        scores = trust * (pull @ votes) / (pull.sum() + 1e-9)
        similar = tuple(tuple(self._page_ids[near[column > 0][:SHOWN]].tolist()) for column in votes.T)
        return Learned(scores, similar)
