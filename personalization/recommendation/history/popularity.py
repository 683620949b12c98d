"""Recent popularity: decayed views by several half-lives, and by circumstance, shrunk to what everybody reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from .counts import PageCounts, PageIds, Sums
from .decay import EVER, HOUR, Row

LEAST_HALF_LIVES: Final = (0.5 * HOUR, 1.0 * HOUR, 4.0 * HOUR)
"""On a busy site."""

LEAST_VIEWS: Final = (25.0, 100.0, 500.0)
"""A half-life holds at least so many of the site's views: fewer are chance, not a trend."""

KAPPA: Final = 100.0
"""A circumstance with so many views says as much of itself as everybody does."""


def half_lives(views_per_hour: float) -> tuple[float, float, float]:
    """The three half-lives, in seconds, that suit a site with so many views an hour."""
    rate = max(views_per_hour, 1e-3)
    short, middle, long = (
        max(least, views / rate * HOUR) for least, views in zip(LEAST_HALF_LIVES, LEAST_VIEWS, strict=True)
    )
    return short, middle, long


def trend(views: float) -> float:
    """The score of decayed views: twice the views are a step, whatever they are twice of."""
    return math.log1p(max(views, 0.0))


def shrunk_share(views: Row, all_views: float, share: Row, kappa: float = KAPPA) -> Row:
    """Pages' shares of a circumstance's views, as sure as there are views: the rest is everybody's `share`."""
    shares: Row = (views + kappa * share) / (all_views + kappa)
    return shares


class Popularity:
    """Decayed views a page by three half-lives and of all time, and by circumstance (the middle half-life)."""

    def __init__(self, half_lives: Sequence[float] = LEAST_HALF_LIVES) -> None:
        self._everybody = PageCounts([*half_lives, EVER])
        self._half_life = half_lives[1]
        self._by_class: dict[str, PageCounts] = {}

    def add(self, page_id: int, at: float, classes: Sequence[str] = ()) -> None:
        """One view at a moment in seconds, in circumstances such as "referrer=search"."""
        self._everybody.add(page_id, at)
        for name in classes:
            if name not in self._by_class:
                self._by_class[name] = PageCounts([self._half_life])
            self._by_class[name].add(page_id, at)

    def all(self, at: float) -> tuple[PageIds, Sums]:
        """Every page, and (pages, 4) views as of `at`: by short, middle and long half-life, and of all time."""
        return self._everybody.all(at)

    def of(self, page_ids: Sequence[int], at: float) -> Sums:
        """The same of these pages."""
        return self._everybody.of(page_ids, at)

    def of_class(self, page_ids: Sequence[int], at: float, name: str) -> Row:
        """The pages' views in this circumstance, by the middle half-life."""
        counts = self._by_class.get(name)
        return np.zeros(len(page_ids)) if counts is None else counts.of(page_ids, at)[:, 0]
