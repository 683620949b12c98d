"""Whether recommendations show authors, sections, languages and pages of each age as much as there is of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["author", "section", "language", "age"]
Alert = Literal["", "less", "more", "falling", "rising"]
KINDS: Final[tuple[Kind, ...]] = ("author", "section", "language", "age")
LEAST_EXPECTED: Final = 100.0
"""Impressions that a group would have by its share of the pages; below so many, chance decides."""

AGE_DAYS: Final = (7, 30, 365)
"""Pages younger than so many days each make a group; the rest is one, too."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One group of pages: what part of the catalogue it is and what part of all impressions it had, in [0, 1].

    `before` is the latter in the period before; `pages` counts a page of two authors half for each. `alert` says what
    is worth a look: shown much less or more than its share of the pages, or less or more than before.
    """

    kind: Kind
    key: Hashable
    pages: float
    of_pages: float
    of_impressions: float
    before: float
    alert: Alert = ""

    @property
    def ratio(self) -> float:
        """How many times its share of the pages it is shown: 1 is even."""
        return self.of_impressions / self.of_pages if self.of_pages else 0.0


def exposures(
    kind: Kind,
    labels: Mapping[int, Collection[Hashable]],
    shown: Mapping[int, int],
    shown_before: Mapping[int, int],
    factor: float,
) -> list[Exposure]:
    """The groups of one kind, largest part of the pages first; `labels` holds every page of the catalogue.

    Pages without a label are left out of both shares. An alert needs LEAST_EXPECTED impressions by share. By age only
    changes are alerts: that new pages are shown more is what most sites want. `factor` > 1 is how many times is much.
    """
    pages = _by_group(labels, dict.fromkeys(labels, 1))
    now, before = _by_group(labels, shown), _by_group(labels, shown_before)
    totals = [sum(part.values()) for part in (pages, now, before)]
    found = []
    for key, count in pages.items():
        of_pages, of_shown, of_before = (
            part.get(key, 0.0) / total if total else 0.0
            for part, total in zip((pages, now, before), totals, strict=True)
        )
        is_known = (of_pages * totals[1] >= LEAST_EXPECTED, of_pages * totals[2] >= LEAST_EXPECTED)
        alert = _alert(kind, of_pages, of_shown, of_before, is_known, factor)
        found.append(Exposure(kind, key, count, of_pages, of_shown, of_before, alert))
    return sorted(found, key=lambda one: (-one.of_pages, str(one.key)))


def age_group(days: float) -> int:
    """The number of a page's group by age: 0 the newest, len(AGE_DAYS) the oldest."""
    return sum(days >= limit for limit in AGE_DAYS)


def _by_group(labels: Mapping[int, Collection[Hashable]], counts: Mapping[int, int]) -> dict[Hashable, float]:
    """Each page's count, divided evenly among its groups."""
    groups: defaultdict[Hashable, float] = defaultdict(float)
    for page_id, keys in labels.items():
        for key in keys:
            groups[key] += counts.get(page_id, 0) / len(keys)
    return dict(groups)


def _alert(kind: Kind, of_pages: float, now: float, before: float, is_known: tuple[bool, bool], factor: float) -> Alert:
    if all(is_known) and now * factor < before:
        return "falling"
    if all(is_known) and now > before * factor:
        return "rising"
    if not is_known[0] or kind == "age":
        return ""
    return "less" if now * factor < of_pages else "more" if now > of_pages * factor else ""
