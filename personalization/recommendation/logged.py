"""Served slates with what became of them: what rankers are learned from, and measured by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .circumstances import Circumstances
from .features import ListFeatures, features_of
from .signals import Row, Signals

KEPT: Final = 24
"""A served slate keeps the signals of at most so many pages: those that were shown, then the best of the others."""

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Considered:
    """What was considered for one list: for its log. `blend` is the weighted blend's score of each page of `signals`.

    `ranker_version` is the number of the learned ranker's version that ranked, None where the blend did.
    `exploration` is the share of such lists in which chance puts a new page.
    """

    signals: Signals
    blend: Mapping[int, float]
    circumstances: Circumstances
    ranker_version: int | None = None
    exploration: float = 0.0

    def to_json(self, shown: Sequence[int]) -> dict[str, Any]:
        """Of the pages that were shown, in this order, then of the blend's best, at most `KEPT`."""
        others = sorted(self.blend.keys() - set(shown), key=lambda page_id: (-self.blend[page_id], page_id))
        kept = self.signals.only([*shown, *others][:KEPT])
        blend = [round(self.blend.get(page_id, 0.0), 5) for page_id in kept.page_ids]
        return {**kept.to_json(), "blend": blend, "exploration": self.exploration}


@dataclass(frozen=True, slots=True)
class Trial:
    """A new page that chance put at `place` of a list, counted from 0, with probability `propensity`.

    `row` is its row of the list's signals, None where no source proposed it.
    """

    place: int
    propensity: float
    is_clicked: bool
    row: int | None = None


@dataclass(frozen=True, slots=True)
class LoggedSlate:
    """One list that a reader saw something of. `at` is in seconds; `reader` tells readers apart, and no more.

    The first pages of `signals` were shown, at `places` of the list, counted from 0 and ascending; `seen`, `clicked`
    and `propensities` are of these. Other places held pages that no ranker chose, such as an editor's pins. What was
    clicked was seen. `blend` is the weighted blend's score of every page of `signals`.
    `exploration` is the share of lists in which chance puts a new page, None where the log does not say; `drawn` are
    the places that it might have taken here, none where there was no new page to try; `trial` is the one that it put.
    """

    at: float
    reader: int
    circumstances: Circumstances
    signals: Signals
    blend: Row
    places: Places
    seen: Flags
    clicked: Flags
    propensities: Row
    segments: frozenset[int] = frozenset()
    exploration: float | None = None
    drawn: tuple[int, ...] = ()
    trial: Trial | None = None

    def features(self, is_crossed: bool = True) -> ListFeatures:
        """What a ranker sees of the pages, and saw when they were ranked; or that without circumstances."""
        return features_of(self.signals, self.circumstances.indicators() if is_crossed else {})

    @property
    def shown(self) -> int:
        return len(self.places)

    @property
    def clicks(self) -> int:
        return int(self.clicked.sum())


def split(slates: Sequence[LoggedSlate], share: float, day: float = 86400.0) -> tuple[int, int]:
    """Where the newest whole days begin that hold at least `share` of all clicks: an index, and how many days.

    `slates` are in order of time. (0, 0) where no day would be left before them.
    """
    wanted = share * sum(slate.clicks for slate in slates)
    days = [int(slate.at // day) for slate in slates]
    clicks = 0
    for start in range(len(slates) - 1, 0, -1):
        clicks += slates[start].clicks
        if clicks >= wanted and clicks and days[start] != days[start - 1]:
            return start, len(set(days[start:]))
    return 0, 0
