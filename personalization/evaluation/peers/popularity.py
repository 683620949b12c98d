"""The most read pages: of all time, or of a window that moves along."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Sequence

from personalization.evaluation.contender import KEPT_PAGES, LoggedView, SessionState

from .lists import filled

SPARE = KEPT_PAGES
"""So many more than asked are kept, as a session's own pages are left out."""


class Popularity:
    """Views in the last `window` seconds before the newest view that is known; without a window, of all time."""

    def __init__(self, window: float | None = None, name: str = "") -> None:
        self.name = name or ("popularity, all time" if window is None else f"popularity, last {window / 3600:g} h")
        self._window = window
        self._counts: Counter[int] = Counter()
        self._recent: deque[tuple[float, int]] = deque()
        self._top: list[int] | None = None

    def observe(self, view: LoggedView) -> None:
        """Count a view, and forget what has left the window."""
        self._top = None
        self._counts[view.page] += 1
        if self._window is None:
            return
        self._recent.append((view.at, view.page))
        while self._recent[0][0] < view.at - self._window:
            self._counts[self._recent.popleft()[1]] -= 1

    def refresh(self, at: float) -> None:
        """Counts are kept up with every view."""

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """The most read."""
        return filled((), self.top(n + SPARE), state.excluded, n)

    def top(self, n: int) -> list[int]:
        """The `n` most read pages, put in order once after each change."""
        if self._top is None or len(self._top) < n:
            kept = ((-count, page) for page, count in self._counts.items() if count > 0)
            self._top = [page for _count, page in heapq.nsmallest(n, kept)]
        return self._top[:n]
