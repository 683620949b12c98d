"""Which page readers open right after this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from .counts import PageCounts, PageIds, PairCounts, Sums, summed
from .decay import EVER, HOUR

SHRINK: Final = 5.0
MOST: Final = 200
"""So many next pages a page are kept."""

REACH: Final = 3
"""The last so many pages of a session say which is next."""

PART: Final = 0.2
"""What a page says of that, beside the one after it (a mixture of transitions: Raftery, 1985)."""


def share(steps: Sums, departures: float | Sums) -> Sums:
    """How likely each next page is, of so many departures from this one; a few departures promise little."""
    shares: Sums = steps / (departures + SHRINK)
    return shares


class Transitions:
    """Decayed steps from a page to the next one, plain counts of them, and decayed leaps to those after that."""

    def __init__(self, half_life: float = 4 * HOUR, most: int = MOST) -> None:
        self._pairs = [PairCounts([half_life, EVER], most) for _ in range(REACH)]
        self._departures = [PageCounts([half_life, EVER]) for _ in range(REACH)]

    def add(self, page_id: int, before: Sequence[int], at: float) -> None:
        """One view of a page, after those of `before` in its session, oldest first.

        A page that is only loaded again is no step, and one that is gone back to no leap.
        """
        if not before or before[-1] == page_id:
            return
        for steps, earlier in enumerate(reversed(before[-REACH:])):
            if earlier != page_id:
                self._pairs[steps].add(earlier, page_id, at)
                self._departures[steps].add(earlier, at)

    def scores(self, history: Sequence[int], at: float) -> tuple[PageIds, Sums]:
        """Pages that come next after `history` (oldest first), ascending, and (pages, 2 + REACH) numbers.

        The score; the share of all time after the last page; the decayed share after the last page, two steps after
        the one before it, and so on.
        """
        width = 2 + REACH
        ids, rows = [], []
        for steps, page_id in enumerate(reversed(history[-REACH:])):
            next_ids, counts = self._pairs[steps].of(page_id, at)
            shares = share(counts, self._departures[steps].of([page_id], at))
            row = np.zeros((len(next_ids), width))
            row[:, 0], row[:, 2 + steps] = PART**steps * shares[:, 0], shares[:, 0]
            row[:, 1] = shares[:, 1] if steps == 0 else 0.0
            ids.append(next_ids)
            rows.append(row)
        return summed(ids, rows, width)
