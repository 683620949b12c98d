"""Less of what everybody reads anyway."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from personalization.recommendation.standing import Situation, Standing


@dataclass(frozen=True, slots=True)
class PopularityDebias:
    """Divides the odds by (1 + views)^(strength / 2), as a share of what that is for the list's median page.

    `strength` in [0, 1]. A power of popularity below one is what Steck, "Item popularity and recommendation accuracy"
    (2011), trades accuracy against the long tail with. Where all pages are read as much it changes nothing.
    """

    strength: float
    name: ClassVar[str] = "popularity"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        views = 1.0 + np.maximum(np.array([facts.views for facts in situation.facts]), 0.0)
        if not len(views):
            return standing
        return standing.times((views / np.median(views)) ** (-self.strength / 2.0))
