"""Replay team after team with a progress bar, and go on where an interrupted run stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from personalization.evaluation.contender import Contender, LoggedView
from personalization.evaluation.log import Log
from personalization.evaluation.replay import Answers, Plan, replay

SAVE_EVERY: Final = 30.0
"""Seconds between two states of an unfinished replay: so much may be lost."""


@dataclass(frozen=True)
class Run:
    """One question to be put to several teams. With a `folder`, what was answered is kept there and not asked again."""

    log: Log
    plan: Plan
    rows: npt.NDArray[np.int32]
    folder: Path | None = None
    catalogue: str = ""
    """What else contenders read, by its digest."""

    def answers(self, name: str, make: Callable[[], Sequence[Contender]]) -> list[Answers]:
        """What a team gives: contenders that are replayed together and may share what they keep."""
        contenders = make()
        file = self.folder / f"{self._fingerprint(name, contenders)}.npz" if self.folder else None
        lists, done = self._kept(file, len(contenders))
        if done < len(self.rows):
            self._replay(name, contenders, lists, done, file)
        return [Answers(one.name, self.rows, lists[number]) for number, one in enumerate(contenders)]

    def _replay(
        self, name: str, contenders: Sequence[Contender], lists: npt.NDArray[np.int32], done: int, file: Path | None
    ) -> None:
        saved_at, place = time.monotonic(), done
        try:
            for _row, given in replay(self.log, self.plan, contenders, self.rows[done:], self._views(name)):
                for number, pages in enumerate(given):
                    lists[number, place, : len(pages)] = pages
                place += 1
                if file and time.monotonic() - saved_at > SAVE_EVERY:
                    _save(file, lists, place)
                    saved_at = time.monotonic()
        finally:
            if file:
                _save(file, lists, place)

    def _views(self, name: str) -> Iterator[LoggedView]:
        views = self.log.views(self.plan.whole_session)
        bar: Iterator[LoggedView] = tqdm(views, desc=name, total=self.plan.stop, unit=" views", disable=None)
        return bar

    def _kept(self, file: Path | None, contenders: int) -> tuple[npt.NDArray[np.int32], int]:
        if file and file.exists():
            with np.load(file) as kept:
                return kept["lists"], int(kept["done"])
        return np.full((contenders, len(self.rows), self.plan.length), -1, dtype=np.int32), 0

    def _fingerprint(self, name: str, contenders: Sequence[Contender]) -> str:
        """Another log, catalogue, question, sample or team gets another file."""
        log, words = self.log, (self.plan, name, [one.name for one in contenders], self.catalogue)
        print_of = hashlib.sha256(repr(words).encode())
        for column in (log.pages, log.sessions, log.visitors, log.times, self.rows):
            print_of.update(np.ascontiguousarray(column).tobytes())
        return print_of.hexdigest()[:20]


def _save(file: Path, lists: npt.NDArray[np.int32], done: int) -> None:
    """Written aside and moved, so that an interrupt leaves the old state or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".part.npz")
    np.savez(aside, lists=lists, done=done)
    aside.replace(file)
