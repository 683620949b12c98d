"""What the ranker learned and how good it is, as its report shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from personalization.models import Ranker, RankerVersion
from personalization.operations import rankers

from .learned_report import in_words
from .slate_sheet import SOURCE_NAMES

LEAST_PART = 0.02
"""Sources with less of a part than this are not worth a line."""


@dataclass(frozen=True, slots=True)
class InfluenceRow:
    """A source's part in whole percent, and what that does to pages."""

    name: str
    percent: int
    words: str


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """How likely readers look at a place, in whole percent of the first; the last one stands for all below it."""

    place: int
    percent: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """A version beside what ranked when it was fitted. `low` and `high` are the 98 % interval of the difference."""

    own: float
    other: float
    difference: float
    low: float
    high: float
    clicks: int
    slates: int
    since: datetime
    until: datetime
    against: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One fit, live, replaced or refused."""

    version: RankerVersion
    is_live: bool
    measured: Measured | None
    reason: str
    interval: tuple[str, str, str] | None
    """x, width and the middle of the interval, in percent of a picture that shows all intervals."""


def influence_rows(version: RankerVersion) -> list[InfluenceRow]:
    """The sources that tell pages apart, the strongest first."""
    found = version.learned_from.get("influences", [])
    return [
        InfluenceRow(
            str(SOURCE_NAMES.get(one["source"], one["source"])),
            round(100 * one["part"]),
            gettext("what it proposes most strongly goes up")
            if one["direction"] >= 0
            else gettext("what it proposes most strongly goes down"),
        )
        for one in found
        if one["part"] >= LEAST_PART
    ]


def place_rows(version: RankerVersion) -> list[PlaceRow]:
    """Place by place, from the first on."""
    chances = version.learned_from.get("seen_at", [])
    return [
        PlaceRow(place, round(100 * chance), place == len(chances)) for place, chance in enumerate(chances, start=1)
    ]


def version_rows(ranker: Ranker) -> list[VersionRow]:
    """Every version kept, the latest first."""
    versions = list(RankerVersion.objects.defer("parameters"))
    measured = {version.number: measured_of(version.evaluation) for version in versions}
    reach = max((max(abs(one.low), abs(one.high)) for one in measured.values() if one), default=0.0) or 1.0
    return [
        VersionRow(
            version=version,
            is_live=version.pk == ranker.current_id,
            measured=(one := measured[version.number]),
            reason=in_words(version.refusal),
            interval=_interval(one, reach) if one else None,
        )
        for version in versions
    ]


def measured_of(evaluation: Mapping[str, Any]) -> Measured | None:
    """What was measured of a version; None where nothing could be."""
    if not evaluation:
        return None
    figures = {name: evaluation[name] for name in ("own", "other", "difference", "low", "high", "clicks", "slates")}
    return Measured(
        **figures,
        since=datetime.fromisoformat(evaluation["since"]),
        until=datetime.fromisoformat(evaluation["until"]),
        against=rankers.in_words(evaluation["against"]),
    )


def _interval(measured: Measured, reach: float) -> tuple[str, str, str]:
    low, middle, high = (50 + 48 * value / reach for value in (measured.low, measured.difference, measured.high))
    return f"{low:.2f}", f"{max(high - low, 0.5):.2f}", f"{middle:.2f}"
