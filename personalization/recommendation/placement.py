"""What editors decided about a placement, as plain values."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from .rules import Rule, Rulebook
from .standing import Kind

WhenRead = Literal["out", "down", "keep"]

Weights = tuple[tuple[str, float], ...]
"""How much each source counts in the weighted blend, by name in order; none: as much as the strategy says."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What an editor approved for the readers of one segment, in place of the placement's own."""

    segment_id: int
    diversity: float
    exploration: float
    weights: Weights = ()


@dataclass(frozen=True, slots=True)
class PlacementConfig:
    """A placement with its rules in the editors' order. `types` holds content type ids; empty means any.

    `when_read`: pages already read are left out, go down behind all others, or stay. `freshness_days` is a half-life
    and `patience` a number of impressions without a click; None switches them off, as it does a cap. `exploration`
    is the share of lists that show a new page. `weights` were tuned for this placement; `tuned` is for single
    segments, the one approved last first.
    """

    name: str
    title: str
    n: int
    strategy: str
    types: frozenset[int] = frozenset()
    minimum_score: float = 0.0
    when_read: WhenRead = "out"
    diversity: float = 0.25
    max_per_topic: int | None = None
    max_per_author: int | None = None
    max_per_section: int | None = None
    freshness_days: float | None = None
    popularity_debias: float = 0.0
    patience: int | None = None
    exploration: float = 0.0
    rules: tuple[Rule, ...] = ()
    weights: Weights = ()
    tuned: tuple[Tuned, ...] = ()

    def for_segments(self, segments: Set[int]) -> PlacementConfig:
        """As it is served to a visitor in `segments`: by what was approved last for one of them, else by its own."""
        found = next((one for one in self.tuned if one.segment_id in segments), None)
        if found is None:
            return replace(self, tuned=())
        return replace(self, diversity=found.diversity, exploration=found.exploration, weights=found.weights, tuned=())

    @property
    def caps(self) -> dict[Kind, int]:
        """The caps that are set, by kind of label."""
        limits = {"topic": self.max_per_topic, "author": self.max_per_author, "section": self.max_per_section}
        return {kind: limit for kind, limit in limits.items() if limit is not None}

    def rulebook(self, segments: Set[int], locale_id: int, at: datetime) -> Rulebook:
        """The rules that hold for a visitor in `segments`, in this locale and at this moment."""
        return Rulebook.of(self.rules, segments, locale_id, at)
