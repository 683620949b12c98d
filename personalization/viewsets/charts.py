"""The geometry of charts that templates draw as SVG: in percent of the picture's width and height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from personalization.evaluation.rates import Rate


@dataclass(frozen=True, slots=True)
class DayValue:
    """A day's number; None where it is held back."""

    day: date
    value: int | None


@dataclass(frozen=True, slots=True)
class LineChart:
    """A line from day to day, broken where a number is held back. `top` is what the picture's height stands for."""

    days: tuple[DayValue, ...]
    top: int

    @classmethod
    def of(cls, days: Sequence[DayValue]) -> LineChart:
        return cls(tuple(days), _round_up(max((each.value or 0 for each in days), default=0)))

    @property
    def line(self) -> str:
        """The path of an SVG. A day between two gaps is a line of no length: a dot, with round caps."""
        return " ".join(
            f"M{' L'.join(run)}" if len(run) > 1 else f"M{run[0]} h0"
            for is_shown, days in groupby(self.days, key=lambda each: each.value is not None)
            if is_shown and (run := [self._point(each) for each in days])
        )

    def _point(self, each: DayValue) -> str:
        first, last = self.days[0].day, self.days[-1].day
        along = (each.day - first).days / ((last - first).days or 1) if last > first else 0.5
        return f"{100 * along:.2f} {100 - 100 * (each.value or 0) / self.top:.2f}"


@dataclass(frozen=True, slots=True)
class RateBar:
    """A rate and its interval, on a scale that all bars of one picture share."""

    label: str
    rate: Rate
    start: float
    width: float
    mark: float

    @classmethod
    def row(cls, rates: Sequence[tuple[str, Rate]]) -> tuple[RateBar, ...]:
        top = max((rate.high for _label, rate in rates), default=0.0) or 1.0
        return tuple(
            cls(
                label,
                rate,
                round(100 * rate.low / top, 2),
                round(100 * (rate.high - rate.low) / top, 2),
                round(100 * rate.share / top, 2),
            )
            for label, rate in rates
        )


def _round_up(n: int) -> int:
    """The next number with one digit and zeros: 1, 2, … 9, 10, 20 …; at least 1."""
    step: int = 10 ** (len(str(max(1, n))) - 1)
    return max(1, -(-n // step) * step)
