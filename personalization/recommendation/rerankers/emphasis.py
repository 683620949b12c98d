"""What editors boosted and buried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from personalization.recommendation.rules import Rulebook
from personalization.recommendation.standing import Situation, Standing


@dataclass(frozen=True, slots=True)
class Emphasis:
    """A boost multiplies the odds by the rule's strength, "bury" divides them by it: of one rule a page.

    It runs behind all that a machine does to the odds, so that it weighs the same whatever was done before.
    """

    rules: Rulebook
    name: ClassVar[str] = "emphasis"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        return standing.times(np.array([self.rules.factor(page_id) for page_id in situation.page_ids]))
