"""How often a topic was right, and how sure one may be of that."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z = 1.96  # of a normal distribution: 95 % lie within


@dataclass(frozen=True, slots=True)
class Share:
    """`kept` of `decided`, with the 95 % interval of Wilson (1927), which holds for few decisions, too."""

    kept: int
    decided: int

    @property
    def value(self) -> float:
        """In [0, 1]; 0 where nothing was decided."""
        return self.kept / self.decided if self.decided else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares the true one lies; (0, 1) where nothing was decided."""
        if not self.decided:
            return 0.0, 1.0
        squared = Z * Z / self.decided
        centre = (self.value + squared / 2) / (1 + squared)
        spread = self.value * (1 - self.value) / self.decided + squared / (4 * self.decided)
        half = Z * math.sqrt(spread) / (1 + squared)
        return max(centre - half, 0.0), min(centre + half, 1.0)

    @property
    def margin(self) -> float:
        """Half the width of the interval."""
        low, high = self.interval
        return (high - low) / 2

    @property
    def percent(self) -> int:
        """The share, as it is read: 0 to 100."""
        return round(100 * self.value)

    @property
    def margin_points(self) -> int:
        """The margin in whole percentage points."""
        return round(100 * self.margin)
