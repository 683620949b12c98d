"""Pages that the visitor has read already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from personalization.recommendation.standing import Situation, Standing

BEHIND = 10
"""More than any tier that a ranker gives."""


@dataclass(frozen=True, slots=True)
class ReadDown:
    """Read pages stand behind all others. (Left out altogether they never become candidates.)"""

    name: ClassVar[str] = "read"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        is_read = np.fromiter((facts.is_read for facts in situation.facts), np.int64, len(situation.facts))
        return replace(standing, tier=standing.tier + BEHIND * is_read).sorted()
