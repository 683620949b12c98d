"""Replay a log in time order and ask, before each chosen view, what contenders would have shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .contender import Contender, LoggedView, SessionState
from .log import Log

Which = Literal["next", "landing"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked. Views before row `start` are learned from; those from there to before `stop` are scored.

    `refresh` is how old counters get, in seconds: 0 hands every view over at once, None hands over nothing of the
    scored part. Boundaries are whole multiples since 1970. `which` views: those after a session's first, or the
    first. `whole_session`: a page the session has read is neither recommended nor asked for; else only the current
    one. `length` is how many pages each contender gives.
    """

    start: int
    stop: int
    refresh: float | None = 3600.0
    which: Which = "next"
    whole_session: bool = True
    length: int = 10


@dataclass(frozen=True, slots=True)
class Answers:
    """What one contender gave: `lists[i]` before the view in `rows[i]`, best first, -1 where it gave no more."""

    name: str
    rows: npt.NDArray[np.int32]
    lists: npt.NDArray[np.int32]

    def ranks(self, log: Log) -> npt.NDArray[np.int16]:
        """The place of the page that was read, from 1; 0 where it is not in the list, as one never seen cannot be."""
        is_right = self.lists == log.pages[self.rows][:, None]
        return np.asarray(np.where(is_right.any(axis=1), is_right.argmax(axis=1) + 1, 0), dtype=np.int16)


class LeakError(AssertionError):
    """A contender gave a page twice, or one that it was told to leave out."""


def asked_rows(log: Log, plan: Plan) -> npt.NDArray[np.int32]:
    """The rows before which contenders are asked, in order."""
    rows = np.arange(plan.start, plan.stop, dtype=np.int32)
    if plan.which == "landing":
        return np.asarray(rows[log.places[rows] == 0])
    previous = log.previous[rows]
    is_new = log.is_first_reading[rows] if plan.whole_session else log.pages[previous] != log.pages[rows]
    return np.asarray(rows[(previous >= 0) & is_new])


def sampled(log: Log, rows: npt.NDArray[np.int32], most: int, seed: int = 0) -> npt.NDArray[np.int32]:
    """At most about `most` of the rows: those of sessions drawn at random, each session whole."""
    if len(rows) <= most:
        return rows
    sessions, counts = np.unique(log.sessions[rows], return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sessions))
    chosen = sessions[order[np.cumsum(counts[order]) <= most]]
    return rows[np.isin(log.sessions[rows], chosen)]


def replay(
    log: Log,
    plan: Plan,
    contenders: Sequence[Contender],
    rows: npt.NDArray[np.int32] | None = None,
    views: Iterable[LoggedView] | None = None,
) -> Iterator[tuple[int, list[list[int]]]]:
    """Yield (row, one list a contender) for each row asked; `rows` may be only some of `asked_rows`.

    What contenders know before a row: all views up to the last refresh, in order. Raises LeakError for an answer
    that is against the rules. `views` may wrap `log.views`, for a progress bar.
    """
    asked = frozenset((asked_rows(log, plan) if rows is None else rows).tolist())
    held: list[LoggedView] = []
    due = -math.inf
    for row, view in enumerate(log.views(plan.whole_session) if views is None else views):
        if row >= plan.stop:
            break
        if plan.refresh and view.at >= due:
            at = view.at // plan.refresh * plan.refresh
            _hand_over(held, contenders, at)
            due = at + plan.refresh
        elif row == plan.start and plan.refresh is None:
            _hand_over(held, contenders, view.at)
        if row in asked:
            yield row, [_answer(contender, view.state, plan.length) for contender in contenders]
        if plan.refresh:
            held.append(view)
        elif plan.refresh is not None or row < plan.start:
            _observe(contenders, view)
            if plan.refresh is not None:
                _hand_over(held, contenders, view.at)


def _observe(contenders: Sequence[Contender], view: LoggedView) -> None:
    for contender in contenders:
        contender.observe(view)


def _hand_over(held: list[LoggedView], contenders: Sequence[Contender], at: float) -> None:
    """Views go to all contenders one after another, so that some may share what they keep."""
    for view in held:
        _observe(contenders, view)
    for contender in contenders:
        contender.refresh(at)
    held.clear()


def _answer(contender: Contender, state: SessionState, length: int) -> list[int]:
    pages = [int(page) for page in contender.rank(state, length)]
    if len(pages) > length or len(set(pages)) < len(pages) or not state.excluded.isdisjoint(pages):
        raise LeakError(f"{contender.name} gave {pages}: at most {length}, none twice, none of {set(state.excluded)}.")
    return pages


def answers(
    log: Log,
    plan: Plan,
    contenders: Sequence[Contender],
    most: int | None = None,
    views: Iterable[LoggedView] | None = None,
) -> list[Answers]:
    """Replay to the end and keep what was given; of `most` about as many rows where that is given."""
    rows = asked_rows(log, plan)
    rows = rows if most is None else sampled(log, rows, most)
    lists = np.full((len(contenders), len(rows), plan.length), -1, dtype=np.int32)
    for place, (_row, given) in enumerate(replay(log, plan, contenders, rows, views)):
        for contender, pages in enumerate(given):
            lists[contender, place, : len(pages)] = pages
    return [Answers(one.name, rows, lists[number]) for number, one in enumerate(contenders)]
