"""Which groups may be shown side by side, so that no group of fewer than k can be worked out from them.

Hiding the small ones is not enough: who knows that 40 read and that 37 of them are in a segment knows of the other 3,
too. So some groups that are large enough are held back as well (secondary suppression).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Key = TypeVar("Key", bound=Hashable)
Rows = npt.NDArray[np.float64]

_ZERO = 1e-9


@dataclass(frozen=True, slots=True)
class Cell:
    """The visitors alike in everything that a table tells apart; the table's groups are made of whole cells.

    `members` are k of them, or all where they are fewer. A visitor may be in several cells.
    """

    members: frozenset[Hashable]

    @classmethod
    def of_size(cls, name: Hashable, size: int, k: int) -> Cell:
        """A cell whose visitors are in no other one."""
        return cls(frozenset((name, i) for i in range(min(size, k))))


def suppressed(count: int, k: int) -> bool:
    """Whether a group of so many visitors is too small to be shown. Nobody is no group."""
    return 0 < count < k


def showable(groups: Mapping[Key, Set[int]], cells: Sequence[Cell], k: int) -> frozenset[Key]:
    """The groups of a table that may be shown together. Each is a set of indices of `cells`; the first go first.

    Held back are groups of fewer than k, and each further one from which, by adding and subtracting what is
    already shown, one could get the number of: a group held back, a cell, what two groups share or do not share,
    or any other remainder that elimination finds, where those are fewer than k.
    """
    table = _Table(groups, cells, k)
    return frozenset(key for key, row in zip(groups, table.rows, strict=True) if table.show(row))


class _Table:
    """Groups as rows of 0 and 1 over the cells, large cells first, and what is shown of them in echelon form."""

    def __init__(self, groups: Mapping[Key, Set[int]], cells: Sequence[Cell], k: int) -> None:
        order = sorted(range(len(cells)), key=lambda i: -len(cells[i].members))
        self.cells, self.k = [cells[i].members for i in order], k
        self.n_large = sum(len(members) >= k for members in self.cells)
        place = {cell: i for i, cell in enumerate(order)}
        self.rows: Rows = np.zeros((len(groups), len(cells)))
        for row, group in zip(self.rows, groups.values(), strict=True):
            row[[place[cell] for cell in group]] = 1.0
        self.shown: Rows = np.zeros((0, len(cells)))
        self.pivots: list[int] = []
        self.secrets = self._secrets()

    def show(self, row: Rows) -> bool:
        """Add the group to what is shown, unless it would tell of too few. False then."""
        if self._is_small(row):
            return False
        new = self._reduced(row[None])[0]
        if not np.abs(new).max(initial=0.0) > _ZERO:
            return True
        pivot = int(np.flatnonzero(np.abs(new) > _ZERO)[0])
        new /= new[pivot]
        shown = np.vstack([self.shown - np.outer(self.shown[:, pivot], new), new])
        before = self.shown, self.pivots
        self.shown, self.pivots = shown, [*self.pivots, pivot]
        if self._tells_of_few():
            self.shown, self.pivots = before
            return False
        return True

    def _tells_of_few(self) -> bool:
        if any(self._is_small(np.abs(row) > _ZERO) for row in self.shown):
            return True
        return bool(len(self.secrets) and (np.abs(self._reduced(self.secrets)).max(axis=1) <= _ZERO).any())

    def _reduced(self, rows: Rows) -> Rows:
        """What of the rows is not a combination of the groups shown."""
        return rows - rows[:, self.pivots] @ self.shown

    def _is_small(self, row: npt.NDArray[np.generic]) -> bool:
        if row[: self.n_large].any():
            return False
        found: set[Hashable] = set()
        for i in np.flatnonzero(row):
            found |= self.cells[i]
            if len(found) >= self.k:
                return False
        return bool(found)

    def _secrets(self) -> Rows:
        """Groups, differences and intersections of fewer than k visitors, each once. A single cell that the shown
        groups tell of is a row of their echelon form."""
        small = {row.tobytes(): row for row in self._candidates() if self._is_small(row)}
        return np.array(list(small.values())).reshape(len(small), len(self.cells))

    def _candidates(self) -> Iterator[Rows]:
        yield from self.rows
        # Only pairs that have small cells alone, and some of them, in common or apart.
        large, small = self.rows[:, : self.n_large].copy(), self.rows[:, self.n_large :].copy()
        shared_large, shared_small = large @ large.T, small @ small.T
        apart_large, apart_small = (shared.diagonal()[:, None] - shared for shared in (shared_large, shared_small))
        for i, j in np.argwhere((shared_large == 0) & (shared_small > 0)):
            if i < j:
                yield self.rows[i] * self.rows[j]
        for i, j in np.argwhere((apart_large == 0) & (apart_small > 0)):
            yield self.rows[i] * (1.0 - self.rows[j])
