"""Newer pages before older ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from personalization.recommendation.standing import Situation, Standing

LOWEST = 1 / 16
"""However old, a page keeps this part of its odds: what is good for ever stays in the list."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The odds halve with each `half_life` in days since first publication; a page without a date is the oldest."""

    half_life: float
    name: ClassVar[str] = "freshness"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        ages = np.array([facts.age_days for facts in situation.facts], dtype=np.float64)  # None becomes NaN
        return standing.times(np.fmax(np.exp2(np.maximum(ages, 0.0) / -self.half_life), LOWEST))
