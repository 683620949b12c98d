"""What editors overruled, and which of their rules decides where several speak of one page."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final, Literal

Action = Literal["pin", "exclude", "boost", "bury"]
Target = Literal["page", "topic", "section"]

_TARGETS: Final[dict[Target, int]] = {"section": 0, "topic": 1, "page": 2}
_ACTIONS: Final[dict[Action, int]] = {"boost": 0, "bury": 1, "pin": 2, "exclude": 3}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for the pages in `pages`: a page, or all of a topic or section.

    None and False stand for all: every segment, every locale, at any time; `is_everywhere` for every placement.
    `strength` (above 1) is what a boost multiplies the odds by, and "bury" divides them by.
    """

    action: Action
    pages: frozenset[int]
    target: Target = "page"
    is_everywhere: bool = False
    segment_id: int | None = None
    locale_id: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    strength: float = 3.0
    rule_id: int = 0

    def holds(self, segments: Set[int], locale_id: int, at: datetime) -> bool:
        """Whether it is in force for a visitor of these segments, in this locale, at this moment."""
        return (
            (self.segment_id is None or self.segment_id in segments)
            and (self.locale_id is None or self.locale_id == locale_id)
            and (self.starts is None or self.starts <= at)
            and (self.ends is None or at < self.ends)
        )

    @property
    def precedence(self) -> tuple[int, bool, bool, bool, int]:
        """The higher one decides: what is said more closely, and among equals the more cautious action.

        A page before a topic before a section; then this placement before all; then a segment before everybody;
        then a locale before all; then exclude, pin, bury, boost.
        """
        return (
            _TARGETS[self.target],
            not self.is_everywhere,
            self.segment_id is not None,
            self.locale_id is not None,
            _ACTIONS[self.action],
        )


@dataclass(frozen=True)
class Rulebook:
    """The rules in force for one question, in the editors' order. One rule decides for a page: no two add up."""

    rules: tuple[Rule, ...] = ()
    _decided: dict[int, Rule | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, rules: Iterable[Rule], segments: Set[int], locale_id: int, at: datetime) -> Rulebook:
        """Of all rules of a placement, those that hold."""
        return cls(tuple(rule for rule in rules if rule.holds(segments, locale_id, at)))

    def deciding(self, page_id: int) -> Rule | None:
        """The one rule that holds for the page. Of equals the first in the editors' order."""
        if page_id not in self._decided:
            self._decided[page_id] = next((rule for rule in self._strongest_first if page_id in rule.pages), None)
        return self._decided[page_id]

    @cached_property
    def excluded(self) -> frozenset[int]:
        """Every page that must not be shown."""
        found: set[int] = set()
        claimed: set[int] = set()
        for rule in self._strongest_first:
            if rule.action == "exclude":
                found |= rule.pages - claimed
            claimed |= rule.pages
        return frozenset(found)

    @cached_property
    def pins(self) -> tuple[Rule, ...]:
        """Each takes one place, in the editors' order; not those of which a stronger rule took every page."""
        return tuple(rule for rule in self.rules if rule.action == "pin" and rule.pages - self.excluded)

    def is_pinned_by(self, rule: Rule, page_id: int) -> bool:
        """Whether this pin may show the page: a page pinned itself is not used up by its topic's or section's pin."""
        decides = self.deciding(page_id) if page_id in rule.pages else None
        return decides is not None and decides.action == "pin" and decides.target == rule.target

    def factor(self, page_id: int) -> float:
        """What a page's odds are multiplied by: above 1 for a boost, below 1 where it is buried."""
        rule = self.deciding(page_id)
        if rule is None or rule.action not in ("boost", "bury"):
            return 1.0
        return rule.strength if rule.action == "boost" else 1.0 / rule.strength

    @cached_property
    def _strongest_first(self) -> list[Rule]:
        return sorted(self.rules, key=lambda rule: rule.precedence, reverse=True)
