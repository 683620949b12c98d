"""What a fitted ranker goes by, in numbers that can be put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .features import source_of
from .learned import Model
from .logged import LoggedSlate
from .signals import Row

LISTS: Final = 500
"""So many lists are enough to see it."""


@dataclass(frozen=True, slots=True)
class Influence:
    """A source's part in telling a list's pages apart, in [0, 1]; all parts sum to 1.

    `direction` in [-1, 1] is the correlation of what it adds with its own score: below 0, what it proposes most
    strongly goes down.
    """

    source: str
    part: float
    direction: float


def influences(model: Model, slates: Sequence[LoggedSlate]) -> list[Influence]:
    """Of each source, the strongest first, over the newest of these lists."""
    sums: dict[str, float] = {}
    points: dict[str, list[tuple[Row, Row]]] = {}
    sources = np.array([source_of(name) for name in model.names])
    for slate in slates[-LISTS:]:
        parts = model.contributions(slate.features())
        for column, source in enumerate(slate.signals.names):
            if "." not in source:
                added = parts[:, sources == source].sum(axis=1)
                added = added - added.mean()
                sums[source] = sums.get(source, 0.0) + float(np.abs(added).sum())
                points.setdefault(source, []).append((slate.signals.raw[:, column], added))
    total = sum(sums.values()) or 1.0
    found = [Influence(source, part / total, _direction(points[source])) for source, part in sums.items()]
    return sorted(found, key=lambda one: (-one.part, one.source))


def _direction(points: Sequence[tuple[Row, Row]]) -> float:
    raw = np.concatenate([one for one, _added in points])
    added = np.concatenate([one for _raw, one in points])
    if raw.std() < 1e-12 or added.std() < 1e-12:
        return 0.0
    return float(np.corrcoef(raw, added)[0, 1])
