"""What an editor's rule costs in clicks: what the pages that it moves are worth, against what they make room for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Spot = tuple[str, int]
"""A placement's name and a position in it, from 1."""

PRIOR: Final = 5.0
"""So many clicks' worth of belief that a page is as good as any other."""

MINIMUM_IMPRESSIONS: Final = 100
"""With fewer, nothing is said of a spot."""

DAYS: Final = 30
"""Costs are per so many days."""

Z: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Seen:
    """Impressions and clicks."""

    impressions: int = 0
    clicks: int = 0

    def __add__(self, other: Seen) -> Seen:
        return Seen(self.impressions + other.impressions, self.clicks + other.clicks)

    def __sub__(self, other: Seen) -> Seen:
        return Seen(max(0, self.impressions - other.impressions), max(0, self.clicks - other.clicks))


@dataclass(frozen=True, slots=True)
class Moved:
    """What the pages of one rule got at each spot before it held and since, in so many days each."""

    before: Mapping[Spot, Seen]
    since: Mapping[Spot, Seen]
    days_before: float
    days_since: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Clicks lost in `DAYS` days, negative where the rule brings some; with a 95 % interval."""

    clicks: float
    low: float
    high: float


def cost_of(moved: Moved, everything: Mapping[Spot, Seen]) -> Cost | None:
    """The clicks that a rule loses; None where too little is known. `everything` is what all pages had at each spot.

    The worth w of the rule's pages is clicks over expected clicks (COEC; Zhang and Jones, 2007), where each impression
    expects what other pages get at that spot, shrunk towards 1 by `PRIOR` clicks. The rule moved expected clicks from
    E0 to E1 a month, away from pages that are worth 1 on average: (E1 - E0)(1 - w) clicks are lost. The interval is
    that of a Poisson count of the clicks, on the logarithm of w.
    """
    rates = _rates(moved, everything)
    before, since = _expected(moved.before, rates), _expected(moved.since, rates)
    if before is None or since is None or before + since <= 0.0:
        return None
    clicks = sum(seen.clicks for spots in (moved.before, moved.since) for seen in spots.values())
    worth = (clicks + PRIOR) / (before + since + PRIOR)
    error = math.exp(Z / math.sqrt(clicks + PRIOR))
    more = since / moved.days_since * DAYS - before / moved.days_before * DAYS
    costs = sorted(more * (1.0 - w) for w in (worth / error, worth * error))
    return Cost(more * (1.0 - worth), *costs)


def _rates(moved: Moved, everything: Mapping[Spot, Seen]) -> dict[Spot, float]:
    """Clicks per impression of the other pages at each spot where enough of them were seen."""
    rates = {}
    for spot, seen in everything.items():
        others = seen - moved.before.get(spot, Seen()) - moved.since.get(spot, Seen())
        if others.impressions >= MINIMUM_IMPRESSIONS:
            rates[spot] = others.clicks / others.impressions
    return rates


def _expected(spots: Mapping[Spot, Seen], rates: Mapping[Spot, float]) -> float | None:
    """Clicks that other pages would have had there; None where a placement says nothing of any of its spots.

    A spot that nobody else had, as under a pin, is taken to be worth what the nearest one is.
    """
    total = 0.0
    for (placement, position), seen in spots.items():
        known = [other for other in rates if other[0] == placement]
        if not known:
            return None
        nearest = min(known, key=lambda other: (abs(other[1] - position), other[1]))
        total += seen.impressions * rates[nearest]
    return total
