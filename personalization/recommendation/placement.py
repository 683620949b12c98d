"""What editors decided about a placement, as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PageRule:
    """A page pinned or excluded; `segment_id` None is for everybody."""

    action: Literal["pin", "exclude"]
    page_id: int
    segment_id: int | None = None


@dataclass(frozen=True, slots=True)
class PlacementConfig:
    """A placement with its rules in the editors' order. `types` holds content type ids; empty means any."""

    name: str
    title: str
    n: int
    strategy: str
    types: frozenset[int] = frozenset()
    minimum_score: float = 0.0
    exclude_read: bool = True
    diversity: float = 0.25
    rules: tuple[PageRule, ...] = ()

    def pinned(self, segments: Set[int]) -> tuple[int, ...]:
        """Page ids to show first, in the editors' order, for a visitor in `segments`."""
        return tuple(dict.fromkeys(r.page_id for r in self._deciding(segments) if r.action == "pin"))

    def excluded(self, segments: Set[int]) -> frozenset[int]:
        """Page ids never to show to a visitor in `segments`."""
        return frozenset(r.page_id for r in self._deciding(segments) if r.action == "exclude")

    def _deciding(self, segments: Set[int]) -> Iterator[PageRule]:
        """The rules that hold: a segment's rule beats everybody's, and among equals "exclude" beats "pin"."""
        strength: dict[int, tuple[bool, bool]] = {}
        rules = [rule for rule in self.rules if rule.segment_id is None or rule.segment_id in segments]
        for rule in rules:
            strength[rule.page_id] = max(strength.get(rule.page_id, (False, False)), _strength(rule))
        return (rule for rule in rules if _strength(rule) == strength[rule.page_id])


def _strength(rule: PageRule) -> tuple[bool, bool]:
    return rule.segment_id is not None, rule.action == "exclude"
