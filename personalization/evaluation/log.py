"""A log of views in columns: what is replayed. A million views take some 40 MB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .contender import KEPT_PAGES, LoggedView, SessionState

Numbers = npt.NDArray[np.int32]
VISIT_GAP_MINUTES = 30
"""Without a session of its own, a view after a pause of so many minutes begins a new one."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column of attributes: `codes[i]` is the place of view i's value in `values`."""

    codes: Numbers
    values: tuple[str, ...]


@dataclass(frozen=True)
class Log:
    """Views in time order. Visitors, sessions and pages are numbered from 0; `page_names` holds the log's own names.

    `times` are seconds since 1970, all 0.0 where the log has none: then the rows' order is the order of reading.
    """

    visitors: Numbers
    sessions: Numbers
    pages: Numbers
    times: npt.NDArray[np.float64]
    page_names: tuple[str, ...]
    attributes: Mapping[str, Attribute]

    def __len__(self) -> int:
        return len(self.pages)

    @property
    def is_timed(self) -> bool:
        """Whether the log tells when."""
        return bool(len(self)) and bool(self.times[-1])

    def views(self, whole_session: bool = True) -> Iterator[LoggedView]:
        """All views in order. What may not be recommended is the session's pages, or only the current one."""
        columns = [(name, column.codes.tolist(), column.values) for name, column in self.attributes.items()]
        rows, starts, pages = self._by_session
        before_rows, places = rows.tolist(), self.places.tolist()
        nothing: dict[str, str] = {}
        for row, (session, visitor, at) in enumerate(
            zip(self.sessions.tolist(), self.visitors.tolist(), self.times.tolist(), strict=True)
        ):
            end = starts[session] + places[row]
            before = pages[max(starts[session], end - KEPT_PAGES) : end]
            previous = before_rows[end - 1] if before else -1
            state = SessionState(
                session,
                visitor,
                at,
                before,
                {name: values[codes[previous]] for name, codes, values in columns} if before else nothing,
                frozenset(before if whole_session else before[-1:]),
            )
            yield LoggedView(
                self.page_number(row), state, {name: values[codes[row]] for name, codes, values in columns}
            )

    def page_number(self, row: int) -> int:
        """The page of a row as a plain integer."""
        return int(self.pages[row])

    @cached_property
    def places(self) -> Numbers:
        """How many views of its session came before each."""
        rows, starts, _pages = self._by_session
        places = np.empty(len(self), dtype=np.int32)
        ordered = self.sessions[rows]
        places[rows] = np.arange(len(self)) - np.asarray(starts)[ordered]
        return places

    @cached_property
    def is_first_reading(self) -> npt.NDArray[np.bool_]:
        """Whether the session had not seen the page before."""
        pairs = self.sessions.astype(np.int64) * len(self.page_names) + self.pages
        is_first = np.zeros(len(self), dtype=bool)
        is_first[np.unique(pairs, return_index=True)[1]] = True
        return is_first

    @cached_property
    def previous(self) -> Numbers:
        """The row of the session's view before each; -1 for its first."""
        rows, _starts, _pages = self._by_session
        previous = np.full(len(self), -1, dtype=np.int32)
        is_same = self.sessions[rows[1:]] == self.sessions[rows[:-1]]
        previous[rows[1:][is_same]] = rows[:-1][is_same]
        return previous

    @cached_property
    def _by_session(self) -> tuple[Numbers, list[int], tuple[int, ...]]:
        """Rows session by session, where each session starts among them, and their pages."""
        rows = np.argsort(self.sessions, kind="stable").astype(np.int32)
        counts = np.bincount(self.sessions, minlength=1)
        return rows, [0, *np.cumsum(counts)[:-1].tolist()], tuple(self.pages[rows].tolist())


def in_time_order(log: Log) -> Log:
    """The same views sorted by time; those of one moment stay as they stood."""
    return taken(log, np.argsort(log.times, kind="stable"))


def shuffled(log: Log, seed: int) -> Log:
    """Whole sessions in a random order: for a log without times whose rows are sorted by something that tells."""
    order = np.empty(int(log.sessions.max(initial=-1)) + 1, dtype=np.int64)
    order[np.random.default_rng(seed).permutation(len(order))] = np.arange(len(order))
    return taken(log, np.argsort(order[log.sessions], kind="stable"))


def taken(log: Log, rows: npt.NDArray[np.integer]) -> Log:
    """Some rows of the log, in the order given; the numbers of pages, visitors and sessions stay."""
    return replace(
        log,
        visitors=log.visitors[rows],
        sessions=log.sessions[rows],
        pages=log.pages[rows],
        times=log.times[rows],
        attributes={name: Attribute(column.codes[rows], column.values) for name, column in log.attributes.items()},
    )


def stitched(visitors: Numbers, times: npt.NDArray[np.float64], gap_minutes: float = VISIT_GAP_MINUTES) -> Numbers:
    """Number sessions: a visitor's views with no pause longer than `gap_minutes`. Rows need not be sorted."""
    rows = np.lexsort((times, visitors))
    pause = np.diff(times[rows], prepend=np.nan) > gap_minutes * 60
    begins = pause | (np.diff(visitors[rows], prepend=-1) != 0)
    sessions = np.empty(len(rows), dtype=np.int32)
    sessions[rows] = np.cumsum(begins) - 1
    return sessions
