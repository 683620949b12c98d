"""Forward-decayed sums of pages, and of pairs of pages. In memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from .decay import Clock, Row

PageIds = npt.NDArray[np.int64]
Sums = npt.NDArray[np.float64]

FIRST_ROWS: Final = 256


class PageCounts:
    """One sum a page and half-life."""

    def __init__(self, half_lives: Sequence[float]) -> None:
        self._clock = Clock(half_lives)
        self._rows: dict[int, int] = {}
        self._ids: PageIds = np.zeros(0, dtype=np.int64)
        self._sums: Sums = np.zeros((FIRST_ROWS, len(half_lives)))

    def add(self, page_id: int, at: float, weight: float = 1.0) -> None:
        """One more event of the page, at a moment in seconds. Moments may come in any order."""
        if (factors := self._clock.moved(at)) is not None:
            self._sums *= factors
        row = self._row(page_id)  # may grow the sums: first of all
        self._sums[row] += [weight * one for one in self._clock.weights(at)]

    def all(self, at: float) -> tuple[PageIds, Sums]:
        """Every page that was counted, and (pages, half-lives) sums as of `at`."""
        if len(self._ids) != len(self._rows):
            self._ids = np.fromiter(self._rows, dtype=np.int64, count=len(self._rows))
        return self._ids, self._sums[: len(self._ids)] * self._clock.factors(at)

    def of(self, page_ids: Sequence[int], at: float) -> Sums:
        """(pages, half-lives) sums of these pages as of `at`; 0 for one never counted."""
        rows = np.array([self._rows.get(page_id, -1) for page_id in page_ids], dtype=np.int64)
        found: Sums = np.where(rows[:, None] >= 0, self._sums[rows], 0.0) * self._clock.factors(at)
        return found

    def totals(self, at: float) -> Row:
        """The sums over all pages, one a half-life."""
        totals: Row = self._sums.sum(axis=0) * self._clock.factors(at)
        return totals

    def _row(self, page_id: int) -> int:
        row = self._rows.setdefault(page_id, len(self._rows))
        if row == len(self._sums):
            self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)])
        return row


class PairCounts:
    """One sum a directed pair of pages and half-life; of each page, the strongest `most` pairs that leave it are kept.

    What is cut is the weakest by the first half-life, once there are twice as many: a bound, not a rank.
    """

    def __init__(self, half_lives: Sequence[float], most: int) -> None:
        self._clock = Clock(half_lives)
        self._most = most
        self._from: dict[int, dict[int, list[float]]] = {}
        self._to: dict[int, dict[int, list[float]]] = {}  # the same lists by their other end
        self._arrays: dict[tuple[bool, int], tuple[PageIds, Sums]] = {}

    def add(self, page_id: int, other_id: int, at: float, weight: float = 1.0) -> None:
        """The pair once more, at a moment in seconds. Moments may come in any order."""
        if (factors := self._clock.moved(at)) is not None:
            self._scale(factors.tolist())
        others = self._from.setdefault(page_id, {})
        if (sums := others.get(other_id)) is None:
            sums = others[other_id] = [0.0] * len(self._clock.half_lives)
            self._to.setdefault(other_id, {})[page_id] = sums
        for position, one in enumerate(self._clock.weights(at)):
            sums[position] += weight * one
        if len(others) > 2 * self._most:
            self._cut(page_id, others)
        self._arrays.pop((True, page_id), None)
        self._arrays.pop((False, other_id), None)

    def of(self, page_id: int, at: float) -> tuple[PageIds, Sums]:
        """Where pairs lead from this page, ascending, and (others, half-lives) sums as of `at`."""
        return self._found(True, page_id, self._from, at)

    def into(self, page_id: int, at: float) -> tuple[PageIds, Sums]:
        """The same of pairs that lead to this page: where they come from."""
        return self._found(False, page_id, self._to, at)

    def _found(
        self, is_from: bool, page_id: int, pairs: dict[int, dict[int, list[float]]], at: float
    ) -> tuple[PageIds, Sums]:
        if (arrays := self._arrays.get((is_from, page_id))) is None:
            others = pairs.get(page_id, {})
            ids = np.array(sorted(others), dtype=np.int64)
            sums = np.array([others[other] for other in ids.tolist()]).reshape(len(ids), len(self._clock.half_lives))
            arrays = self._arrays[is_from, page_id] = (ids, sums)
        return arrays[0], arrays[1] * self._clock.factors(at)

    def _cut(self, page_id: int, others: dict[int, list[float]]) -> None:
        for other_id in sorted(others, key=lambda other: (-others[other][0], other))[self._most :]:
            del others[other_id], self._to[other_id][page_id]
            self._arrays.pop((False, other_id), None)

    def _scale(self, factors: Sequence[float]) -> None:
        self._arrays.clear()
        for others in self._from.values():
            for sums in others.values():
                sums[:] = [one * factor for one, factor in zip(sums, factors, strict=True)]


def summed(ids: Sequence[PageIds], values: Sequence[Sums], width: int) -> tuple[PageIds, Sums]:
    """The pages of all lists, ascending, each with the sums of its rows, of `width` columns."""
    if not ids:
        return np.zeros(0, dtype=np.int64), np.zeros((0, width))
    pages, where = np.unique(np.concatenate(ids), return_inverse=True)
    rows = np.concatenate(values)
    columns = [np.bincount(where, weights=rows[:, column], minlength=len(pages)) for column in range(width)]
    return pages, np.stack(columns, axis=1)
