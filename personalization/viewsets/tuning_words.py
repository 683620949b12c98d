"""Proposed settings as editors read them: what changes, what later days say of it, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext

from personalization.models import PlacementTuning
from personalization.recommendation.tuning import Setting

from .slate_sheet import SOURCE_NAMES


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a setting, before and after; alike where `is_same`."""

    name: str
    before: str
    after: str

    @property
    def is_same(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure on later days, as it was and as it would have been, with its interval and that as a picture."""

    name: str
    now: str
    then: str
    difference: float
    low: float
    high: float
    interval: tuple[str, str, str]
    """x, width and the middle of the interval, in percent of a picture with 0 in its middle."""


@dataclass(frozen=True, slots=True)
class TuningRow:
    """One version; `differences` are empty where nothing was measured."""

    tuning: PlacementTuning
    whom: str
    changes: Sequence[Change]
    differences: Sequence[Difference]
    notes: Sequence[str]
    is_open: bool
    is_in_force: bool


def tuning_row(tuning: PlacementTuning, in_force: Sequence[PlacementTuning]) -> TuningRow:
    return TuningRow(
        tuning=tuning,
        whom=whom_in_words(tuning),
        changes=changes(Setting.from_json(tuning.before), Setting.from_json(tuning.proposed)),
        differences=_differences(tuning.figures),
        notes=_notes(tuning.figures),
        is_open=tuning.state == PlacementTuning.State.PROPOSED,
        is_in_force=any(one.pk == tuning.pk for one in in_force),
    )


def whom_in_words(tuning: PlacementTuning) -> str:
    if tuning.segment:
        return gettext("Readers in “%(segment)s”") % {"segment": tuning.segment.name}
    return gettext("Everybody")


def changes(before: Setting, after: Setting) -> list[Change]:
    """Diversity, exploration and the weights of both, in this order."""
    found = [
        Change(gettext("Diversity"), _number(before.diversity), _number(after.diversity)),
        Change(gettext("Lists with a new page"), _share(before.exploration), _share(after.exploration)),
    ]
    old, new = before.weights or {}, after.weights or {}
    usual = gettext("as usual")
    for source in sorted(old.keys() | new.keys()):
        name = gettext("Weight: %(source)s") % {"source": SOURCE_NAMES.get(source, source)}
        found.append(Change(name, *(_number(one[source]) if source in one else usual for one in (old, new))))
    return found


def in_short(setting: Setting) -> str:
    """ "Diversity 0.4, lists with a new page 5 %"."""
    text = gettext("diversity %(diversity)s, lists with a new page %(share)s") % {
        "diversity": _number(setting.diversity),
        "share": _share(setting.exploration),
    }
    return gettext("%(setting)s, weights of its own") % {"setting": text} if setting.weights else text


def _differences(figures: Mapping[str, Any]) -> list[Difference]:
    if not figures:
        return []
    order, earned = figures["order"], figures["earned"]
    found = [
        _difference(gettext("Place of what was clicked (nDCG)"), order["other"], order["own"], order, 3),
        _difference(
            gettext("Clicks per page shown"),
            earned["now"]["mean"],
            earned["doubly_robust"]["mean"],
            {**earned["gain"], "difference": earned["gain"]["mean"]},
            4,
        ),
    ]
    return found


def _difference(name: str, now: float, then: float, figure: Mapping[str, Any], digits: int) -> Difference:
    low, middle, high = (float(figure[key]) for key in ("low", "difference", "high"))
    reach = max(abs(low), abs(high)) or 1.0
    x, at, end = (50 + 48 * value / reach for value in (low, middle, high))
    interval = (f"{x:.2f}", f"{max(end - x, 0.5):.2f}", f"{at:.2f}")
    return Difference(name, number_format(now, digits), number_format(then, digits), middle, low, high, interval)


def _notes(figures: Mapping[str, Any]) -> list[str]:
    if not figures:
        return []
    since, until = (datetime.fromisoformat(figures[key]) for key in ("since", "until"))
    earned = figures["earned"]
    notes = [
        gettext("%(since)s to %(until)s, %(clicks)s clicks in %(lists)s lists, which the search had not seen.")
        % {
            "since": date_format(since, "SHORT_DATE_FORMAT"),
            "until": date_format(until, "SHORT_DATE_FORMAT"),
            "clicks": number_format(figures["order"]["clicks"]),
            "lists": number_format(figures["order"]["slates"]),
        },
        gettext("Differences with a probability of %(level)s.") % {"level": _share(figures["level"])},
        gettext("Of what it would show, %(share)s was shown.") % {"share": _share(min(earned["overlap"], 1.0))},
    ]
    if earned["is_guess"]:
        notes.append(gettext("That is too little: take the clicks per page for a guess."))
    if new := figures.get("new_pages"):
        notes.append(
            gettext("A list that shows a new page has %(share)s clicks (%(low)s to %(high)s).")
            % {key: _signed_share(new[name]) for key, name in (("share", "mean"), ("low", "low"), ("high", "high"))}
        )
    return notes


def _number(value: float) -> str:
    return str(number_format(round(value, 2)))


def _share(value: float | None) -> str:
    if value is None:
        return "–"
    percent = round(100 * value, 1)
    return f"{number_format(int(percent) if percent.is_integer() else percent)}\u00a0%"


def _signed_share(value: float) -> str:
    return ("+" if value >= 0 else "\u2212") + _share(abs(value))
