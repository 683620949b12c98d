"""How often a topic was right, and how sure one may be of that."""

from __future__ import annotations

from dataclasses import dataclass

from .reliability import interval


@dataclass(frozen=True, slots=True)
class Share:
    """`kept` of `decided`, with Wilson's 95 % interval."""

    kept: int
    decided: int

    @property
    def value(self) -> float:
        """In [0, 1]; 0 where nothing was decided."""
        return self.kept / self.decided if self.decided else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between which shares the true one lies; (0, 1) where nothing was decided."""
        return interval(self.value, self.decided) if self.decided else (0.0, 1.0)

    @property
    def percent(self) -> int:
        """The share as it is read: 0 to 100."""
        return round(100 * self.value)

    @property
    def margin_points(self) -> int:
        """Half the width of the interval, in percentage points."""
        low, high = self.interval
        return round(50 * (high - low))
