"""Precision, recall and F1 of exact names: same characters, same type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .examples import NameSpan

Found = Sequence[tuple[NameSpan, float]]
"""The names found in one text, each with its confidence."""


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over a corpus; ratios in [0, 1]."""

    right: int
    found: int
    gold: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.found + self.gold) if self.found + self.gold else 0.0

    def __str__(self) -> str:
        """In percent, for tables."""
        return f"P {self.precision:6.1%}  R {self.recall:6.1%}  F1 {self.f1:6.1%}  of {self.gold}"


def score(gold: Iterable[Sequence[NameSpan]], found: Iterable[Found], label: str = "", least: float = 0.0) -> Score:
    """Compare texts in order: of one label or of all, with names of at least that confidence."""
    counts: Counter[str] = Counter()
    for wanted, names in zip(gold, found, strict=True):
        right = {span for span in wanted if label in ("", span[2])}
        given = {span for span, confidence in names if confidence >= least and label in ("", span[2])}
        counts["right"] += len(right & given)
        counts["found"] += len(given)
        counts["gold"] += len(right)
    return Score(counts["right"], counts["found"], counts["gold"])
