"""What a visitor has been shown often and never clicked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from personalization.recommendation.standing import Situation, Standing

LOWEST = 1 / 64
"""Nobody is so tired of a page that it could not come back."""


@dataclass(frozen=True, slots=True)
class Fatigue:
    """The odds halve each time that the page was seen `patience` times without a click."""

    patience: int
    name: ClassVar[str] = "fatigue"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        unclicked = np.array([facts.unclicked for facts in situation.facts], dtype=np.float64)
        return standing.times(np.maximum(np.exp2(-unclicked / self.patience), LOWEST))
