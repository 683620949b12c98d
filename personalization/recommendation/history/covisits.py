"""Pages that are read in one session, whichever comes first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from .counts import PageCounts, PageIds, PairCounts, Sums, summed
from .decay import EVER, HOUR

REACH: Final = 10
"""Pages further apart in a session have nothing to do with each other."""

STEP: Final = 0.8
"""What each page between the two takes off."""

BACKWARD: Final = 0.7
"""What a pair counts for from its later page to its earlier one."""

HISTORY_STEP: Final = 0.8
"""How much less the page before counts than the last one, of those that the reader comes from."""

HALF_LIFE: Final = 4 * HOUR
LEAST_VIEWS: Final = 500.0
SHRINK: Final = 5.0
FROM_POWER: Final = 0.8
TO_POWER: Final = 0.2
MOST: Final = 200
"""So many neighbours a page are kept."""


def half_life(views_per_hour: float) -> float:
    """In seconds, for a site with so many views an hour: a half-life holds 500 of them at least."""
    return max(HALF_LIFE, LEAST_VIEWS / max(views_per_hour, 1e-3) * HOUR)


def pair_weight(distance: int) -> float:
    """What a pair of first reads counts for, so many steps apart in their session; from 1 for neighbours."""
    return STEP ** (distance - 1) if 1 <= distance <= REACH else 0.0


def score(pairs: Sums, views_from: float | Sums, views_to: Sums) -> Sums:
    """How strongly a page leads to others: `C_ij / ((n_i + 5)^.8 (m_j + 5)^.2)`. All are decayed alike."""
    strength: Sums = pairs / ((views_from + SHRINK) ** FROM_POWER * (views_to + SHRINK) ** TO_POWER)
    return strength


def history_weight(steps_back: int) -> float:
    """How much a page of the reader's history counts; 1 for the last one."""
    return HISTORY_STEP**steps_back


class CoVisits:
    """Decayed pairs of first reads, and plain counts of them."""

    def __init__(self, half_life: float = HALF_LIFE, most: int = MOST) -> None:
        self._pairs = PairCounts([half_life, EVER], most)
        self._views = PageCounts([half_life, EVER])

    def add(self, page_id: int, before: Sequence[int], at: float) -> None:
        """The first read of a page in its session, after those of `before`, oldest first, each once."""
        if page_id in before:
            return
        self._views.add(page_id, at)
        for distance, earlier in enumerate(reversed(before[-REACH:]), start=1):
            self._pairs.add(earlier, page_id, at, pair_weight(distance))

    def scores(self, history: Sequence[int], at: float) -> tuple[PageIds, Sums]:
        """Pages that go with `history` (oldest first), ascending, and (pages, 3) scores.

        Decayed; of all time; decayed, of what is read later only.
        """
        found = [self._of(page_id, steps, at) for steps, page_id in enumerate(reversed(history[-REACH:]))]
        return summed([ids for ids, _ in found], [scores for _, scores in found], 3)

    def _of(self, page_id: int, steps_back: int, at: float) -> tuple[PageIds, Sums]:
        (later, after), (earlier, before) = self._pairs.of(page_id, at), self._pairs.into(page_id, at)
        others, pairs = summed(
            [later, earlier], [np.hstack([after, after[:, :1]]), np.hstack([BACKWARD * before, 0 * before[:, :1]])], 3
        )
        views_from, views_to = self._views.of([page_id], at), self._views.of(others.tolist(), at)
        columns = [0, 1, 0]
        return others, history_weight(steps_back) * score(pairs, views_from[:, columns], views_to[:, columns])
