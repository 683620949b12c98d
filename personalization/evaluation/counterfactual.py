"""A placement's log beside another setting: where that would have put what was shown, and how probable that is.

Chance only puts new pages into lists; which other pages come, and where, follows from the setting. So a page counts
wherever it was shown, by how often readers look at that place and at the one where the setting would have put it (the
position-based click model: Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay and Wen, 2018), and by the probability
with which chance left it there. Of pages that were not shown the log says nothing, which `Estimate.overlap` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from personalization.recommendation.held_out import Scorer
from personalization.recommendation.logged import LoggedSlate, Places
from personalization.recommendation.signals import Matrix, Row

from .off_policy import Floats, Logged

Expectation = Callable[[LoggedSlate], Matrix]
"""For every page of a list's signals the probability of a click where the page is looked at, in [0, 1], by each of
several models: the first one, then others that say how far off it may be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A setting in question: the order it makes, and the share of lists with a new page (None: as it was).

    `expected` are models of clicks; `of_new` what is expected of a new page, of which no source need know anything.
    """

    order: Scorer
    expected: Expectation
    of_new: float = 0.0
    exploration: float | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A row for each page that a ranker or chance put into a list: where it was shown, and where it would be.

    `chances` and `aims` are the probabilities of the two; `lists` numbers the lists. `slots` has, list by list, every
    place that no pin holds, and `slot_expected` what is expected of the page that the setting would put there.
    `expected` and `slot_expected` have a column a model.
    """

    rewards: Floats
    chances: Floats
    places: Places
    aims: Floats
    aimed_at: Places
    expected: Matrix
    lists: Places
    readers: Places
    slots: Places
    slot_lists: Places
    slot_expected: Matrix

    @classmethod
    def of(cls, slates: Sequence[LoggedSlate], asked: Asked) -> Table:
        """Raises ValueError where there is no list."""
        parts = [_List.of(slate, asked) for slate in slates]
        found = [row for part in parts for row in part.rows()]
        rows = np.array([row[:5] for row in found], dtype=np.float64).reshape(-1, 5).T
        sizes, numbers = [len(part.places) for part in parts], np.arange(len(parts))
        readers = np.array([slate.reader for slate in slates], dtype=np.int64)
        return cls(
            rewards=rows[0],
            chances=rows[1],
            places=rows[2].astype(np.int64),
            aims=rows[3],
            aimed_at=rows[4].astype(np.int64),
            expected=np.array([row[5] for row in found], dtype=np.float64),
            lists=np.repeat(numbers, sizes),
            readers=np.repeat(readers, sizes),
            slots=np.concatenate([part.places for part in parts]),
            slot_lists=np.repeat(numbers, sizes),
            slot_expected=np.concatenate([part.slots() for part in parts]),
        )

    @property
    def models(self) -> int:
        return int(self.expected.shape[1])

    def logged(self, looked_at: Row, model: int = 0) -> Logged:
        """With how often places are looked at, beside the first one, in (0, 1]; the last stands for all below it."""
        before, there = _at(looked_at, self.places), _at(looked_at, self.aimed_at)
        looks = _at(looked_at, self.slots)
        sizes = np.bincount(self.slot_lists)
        mean_look = np.bincount(self.slot_lists, weights=looks) / sizes
        of_list = np.bincount(self.slot_lists, weights=looks * self.slot_expected[:, model]) / sizes
        return Logged(
            rewards=self.rewards,
            logging=self.chances * before,
            target=self.aims * there,
            groups=self.readers,
            expected=before * self.expected[:, model],
            expected_target=of_list[self.lists],
            coverage=self.aims / self.chances * there / mean_look[self.lists],
        )


def as_logged(slate: LoggedSlate) -> Row:
    """The order in which the list was shown, as scores; the next best page stands where chance put a new one."""
    tried = slate.trial.row if slate.trial else None
    ranked = [row for row in range(len(slate.signals.page_ids)) if row != tried]
    if slate.trial and slate.shown - (tried is not None) < len(ranked):
        place = int((slate.places < slate.trial.place).sum())
        ranked.insert(place, ranked.pop(slate.shown - (tried is not None)))
    scores: Row = np.full(len(slate.signals.page_ids), -float(len(ranked)))
    scores[ranked] = -np.arange(len(ranked), dtype=np.float64)
    return scores


_Row = tuple[float, float, int, float, int, Row]


@dataclass(frozen=True, slots=True)
class _List:
    """`places` are those that no pin holds, `ranks` where the setting would put each page of the list's signals."""

    slate: LoggedSlate
    asked: Asked
    places: Places
    ranks: npt.NDArray[np.intp]
    expected: Matrix

    @classmethod
    def of(cls, slate: LoggedSlate, asked: Asked) -> _List:
        trial = {slate.trial.place} if slate.trial else set()
        ranks = np.empty(len(slate.signals.page_ids), dtype=np.intp)
        ranks[np.argsort(-asked.order(slate), kind="stable")] = np.arange(len(ranks))
        places = np.array(sorted({*slate.places.tolist(), *trial}), dtype=np.int64)
        return cls(slate, asked, places, ranks, asked.expected(slate))

    def rows(self) -> Iterator[_Row]:
        """Reward, probability, place; probability and place under the setting; what is expected of the page."""
        slate, trial = self.slate, self.slate.trial
        of_new = np.full(self.expected.shape[1], self.asked.of_new)
        for row, place in enumerate(slate.places.tolist()):
            clicked, chance, rank = float(slate.clicked[row]), float(slate.propensities[row]), int(self.ranks[row])
            is_trial = trial is not None and trial.row == row
            if rank < len(self.places):
                # Chance might have put a new page into any of the places that it draws from.
                there = int(self.places[rank])
                chance *= len(slate.drawn) if is_trial else 1
                yield clicked, chance, place, self._stays(there), there, self.expected[row]
            elif is_trial:
                yield clicked, chance, place, chance * self._times(chance), place, of_new
            else:
                yield clicked, chance, place, 0.0, place, self.expected[row]
        if trial and trial.row is None:
            chance, clicked = trial.propensity, float(trial.is_clicked)
            yield clicked, chance, trial.place, chance * self._times(chance), trial.place, of_new

    def slots(self) -> Matrix:
        """For each place what is expected of the page that would be there: one that stays, or a new one."""
        best = np.argsort(self.ranks)[: len(self.places)]
        stays = np.array([self._stays(place) for place in self.places.tolist()])[:, None]
        ranked = np.zeros((len(self.places), self.expected.shape[1]))
        ranked[: len(best)] = self.expected[best]
        found: Matrix = stays * ranked + (1.0 - stays) * self.asked.of_new
        return found

    def _times(self, chance: float) -> float:
        """How many times as often the setting tries a new page."""
        share = self.slate.exploration
        return 1.0 if self.asked.exploration is None or not share else min(self.asked.exploration / share, 1.0 / chance)

    def _stays(self, place: int) -> float:
        """The probability that no new page takes this place."""
        share = self.slate.exploration if self.asked.exploration is None else self.asked.exploration
        return 1.0 - (share or 0.0) / len(self.slate.drawn) if place in self.slate.drawn else 1.0


def _at(looked_at: Row, places: Places) -> Row:
    found: Row = looked_at[np.minimum(places, len(looked_at) - 1)]
    return found
