"""What the peers that are fitted have in common: sessions by pages, fitted anew when it is time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from personalization.evaluation.contender import LoggedView, SessionState

from .lists import best_of_array, filled
from .popularity import SPARE, Popularity

WEIGHTS = 0.8
"""A page of the session weighs so much less with each step back."""


class Fitted(ABC):
    """Collects (session, page) pairs, and is fitted at the first question after `refit_hours` of the log's time.

    `window_hours` bounds how old a session's views may be that it is fitted on; None is all.
    """

    name: str

    def __init__(self, refit_hours: float = 1.0, window_hours: float | None = None) -> None:
        self._refit, self._window = refit_hours * 3600, (window_hours or math.inf) * 3600
        self._sessions, self._pages, self._times = array("i"), array("i"), array("d")
        self._popular = Popularity()
        self._is_stale, self._fitted_at = True, -math.inf

    def observe(self, view: LoggedView) -> None:
        """Keep the pair."""
        self._popular.observe(view)
        self._sessions.append(view.state.session)
        self._pages.append(view.page)
        self._times.append(view.at)

    def refresh(self, at: float) -> None:
        """Mark the fit as old, where it is time."""
        if at >= self._fitted_at + self._refit or not math.isfinite(self._fitted_at):
            self._is_stale, self._fitted_at = True, at

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """The pages that go best with the session's."""
        if self._is_stale and self._pages:
            self._fit(self._matrix())
            self._is_stale = False
        popular = self._popular.top(n + SPARE)
        known = [page for page in state.pages if page < self._width]
        scored = best_of_array(self._scores(known), state.excluded, n) if known and not self._is_stale else []
        return filled(scored, popular, state.excluded, n)

    @property
    def _width(self) -> int:
        return max(self._pages, default=-1) + 1 if self._is_stale else self._columns

    def _matrix(self) -> Any:
        """Sessions by pages, 1 where the session read the page (scipy's CSR). Sessions of one page tell nothing."""
        from scipy.sparse import csr_matrix

        first = np.searchsorted(np.array(self._times), (self._times[-1] if self._times else 0) - self._window)
        sessions, pages = np.array(self._sessions)[first:], np.array(self._pages)[first:]
        self._columns = int(np.array(self._pages).max()) + 1
        rows = np.unique(sessions, return_inverse=True)[1]
        shape = (int(rows.max()) + 1, self._columns)
        read = csr_matrix((np.ones(len(rows), np.float32), (rows, pages)), shape=shape)
        read.data[:] = 1.0  # what was read twice was summed
        return read[np.diff(read.indptr) > 1]

    @abstractmethod
    def _fit(self, read: Any) -> None: ...

    @abstractmethod
    def _scores(self, pages: Sequence[int]) -> npt.NDArray[np.floating]:
        """One score a page, for the session's pages, oldest first."""


def step_weights(pages: Sequence[int], per_step: float = WEIGHTS) -> npt.NDArray[np.float32]:
    """1 for the newest page, less for each before it."""
    return np.asarray(per_step ** np.arange(len(pages) - 1, -1, -1), dtype=np.float32)
