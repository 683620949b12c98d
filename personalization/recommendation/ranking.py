"""Pages in a ranker's order: numbers for all of them, reasons only for those that somebody looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
import numpy.typing as npt

from personalization.types import Candidate

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
Tiers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """A page with its score in (0, 1), each source's share of it (sums to 1), and what the sources said.

    A page of a higher `tier` stands behind every page of a lower one, whatever their scores: 1 only fills the list.
    """

    page_id: int
    score: float
    shares: Mapping[str, float]
    candidates: Mapping[str, Candidate]
    tier: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Grounds:
    """What made the scores of a list. `at` and `lifts` are (sources, pages).

    `at` is where in `candidates` a source's proposal of a page is, -1 where there is none; `lifts` is what the source
    adds to the page's score, beside an average page.
    """

    candidates: Sequence[Candidate] = ()
    sources: tuple[str, ...] = ()
    at: Rows = field(default_factory=lambda: np.zeros((0, 0), dtype=np.intp))
    lifts: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def __len__(self) -> int:
        """The number of pages."""
        return int(self.at.shape[1])

    def of(self, rows: Sequence[int]) -> Iterator[tuple[dict[str, float], dict[str, Candidate]]]:
        """Each page's shares, of the sources that propose it, equal where none lifted it; and what those said."""
        at, lifts = (numbers[:, rows].T.tolist() for numbers in (self.at, self.lifts))
        for places, parts in zip(at, lifts, strict=True):
            said: dict[str, Candidate] = {}
            lifted: dict[str, float] = {}
            for source, place, part in zip(self.sources, places, parts, strict=True):
                if place >= 0:
                    said[source] = self.candidates[place]
                    if part > 0.0:
                        lifted[source] = part
            lifted = lifted or dict.fromkeys(said, 1.0)
            total = sum(lifted.values())
            yield {source: part / total for source, part in lifted.items()}, said


NOTHING = Grounds()


@dataclass(frozen=True, slots=True, eq=False)
class Ranking(Sequence[ScoredPage]):
    """A sequence of `ScoredPage`, each put together where it is asked for. Equal to any sequence of equal pages.

    Place i holds row `rows[i]` of `grounds`; rows from `len(grounds)` on are those of `others`, which came complete.
    """

    page_ids: Sequence[int]
    scores: Floats
    tiers: Tiers
    rows: Rows
    grounds: Grounds = NOTHING
    others: Sequence[ScoredPage] = ()

    @classmethod
    def of(cls, pages: Iterable[ScoredPage]) -> Ranking:
        """These pages as they come."""
        if isinstance(pages, Ranking):
            return pages
        listed = list(pages)
        return cls(
            [page.page_id for page in listed],
            np.array([page.score for page in listed], dtype=np.float64),
            np.array([page.tier for page in listed], dtype=np.int64),
            np.arange(len(listed)),
            others=listed,
        )

    @classmethod
    def by_score(cls, page_ids: Sequence[int], scores: Floats, grounds: Grounds) -> Ranking:
        """Best first; equal ones as they come. Row i of the grounds is page i."""
        order = np.argsort(-scores, kind="stable")
        tiers = np.zeros(len(order), dtype=np.int64)
        return cls([page_ids[row] for row in order.tolist()], scores[order], tiers, order, grounds)

    @classmethod
    def plain(cls, page_ids: Sequence[int], scores: Floats) -> Ranking:
        """Numbers alone, in this order: nothing is known of what made them."""
        at = np.zeros((0, len(scores)), dtype=np.intp)
        tiers = np.zeros(len(scores), dtype=np.int64)
        return cls(page_ids, scores, tiers, np.arange(len(scores)), Grounds(at=at, lifts=at.astype(np.float64)))

    def joined(self, pages: Sequence[ScoredPage]) -> Ranking:
        """With those of `pages` behind that are not there yet."""
        if not pages:
            return self
        known = set(self.page_ids)
        added: dict[int, ScoredPage] = {}
        for page in pages:
            if page.page_id not in known:
                added.setdefault(page.page_id, page)
        new = Ranking.of(added.values())
        return Ranking(
            [*self.page_ids, *new.page_ids],
            np.concatenate([self.scores, new.scores]),
            np.concatenate([self.tiers, new.tiers]),
            np.concatenate([self.rows, new.rows + len(self.grounds) + len(self.others)]),
            self.grounds,
            [*self.others, *added.values()],
        )

    def taken(self, places: Rows, scores: Floats) -> Ranking:
        """Only the pages at these places, in this order, with scores of their own."""
        page_ids = [self.page_ids[place] for place in places.tolist()]
        return Ranking(page_ids, scores, self.tiers[places], self.rows[places], self.grounds, self.others)

    def __len__(self) -> int:
        return len(self.page_ids)

    @overload
    def __getitem__(self, place: int) -> ScoredPage: ...
    @overload
    def __getitem__(self, place: slice) -> Ranking: ...
    def __getitem__(self, place: int | slice) -> ScoredPage | Ranking:
        part = place if isinstance(place, slice) else slice(place, place + 1 or None)
        numbers = self.scores[part], self.tiers[part], self.rows[part]
        ranking = Ranking(self.page_ids[part], *numbers, self.grounds, self.others)
        return ranking if isinstance(place, slice) else next(iter(ranking))

    def __iter__(self) -> Iterator[ScoredPage]:
        scores, tiers, rows = self.scores.tolist(), self.tiers.tolist(), self.rows.tolist()
        found = self.grounds.of([row for row in rows if row < len(self.grounds)])
        for page_id, score, tier, row in zip(self.page_ids, scores, tiers, rows, strict=True):
            if row < len(self.grounds):
                yield ScoredPage(page_id, score, *next(found), tier)
            else:
                one = self.others[row - len(self.grounds)]
                yield ScoredPage(page_id, score, one.shares, one.candidates, tier)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)
