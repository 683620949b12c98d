"""How the pages of a list stand while rerankers work on it: plain arrays, one row a page."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from personalization.types import Vector

from .ranking import Floats, Ranking, Rows, ScoredPage, Tiers

_HIGHEST = 1.0 - 1e-9

Kind = str
""" "topic", "author" or "section"."""


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What rerankers look at. What is not known changes nothing.

    `labels` maps each kind to what the page has of it. `views` is how often it was read, on any scale. `unclicked`
    is how often this visitor saw it recommended and passed by. `lacking` is how many impressions a new page still
    has to get before it has been given its chance; 0 for any other page.
    """

    age_days: float | None = None
    labels: Mapping[Kind, frozenset[Hashable]] = field(default_factory=dict)
    views: float = 0.0
    unclicked: int = 0
    is_read: bool = False
    lacking: int = 0


NOTHING_KNOWN = PageFacts()


@dataclass(frozen=True, slots=True)
class Situation:
    """The list that is reranked: row i is `pages[i]`, with `facts[i]`; rows are in the ranker's order.

    `page_ids` is the cheap way to ask which pages they are: a page of `pages` is put together when it is looked at.
    `vectors` maps page ids to unit vectors; a page may have none. `n` is the number of places that are shown; what
    stands behind them only fills gaps, `spare` pages of it. `seed` names the occasion: the same one has the same luck.
    """

    pages: Ranking
    facts: Sequence[PageFacts]
    vectors: Mapping[int, Vector]
    n: int
    seed: str = ""
    spare: int = 0

    @classmethod
    def of(
        cls,
        pages: Sequence[ScoredPage],
        n: int,
        facts: Mapping[int, PageFacts] | None = None,
        vectors: Mapping[int, Vector] | None = None,
        seed: str = "",
        spare: int = 0,
    ) -> Situation:
        """From what is known by page id."""
        ranking, known = Ranking.of(pages), facts or {}
        listed = [known.get(page_id, NOTHING_KNOWN) for page_id in ranking.page_ids]
        return cls(ranking, listed, vectors or {}, n, seed, spare)

    @property
    def page_ids(self) -> Sequence[int]:
        return self.pages.page_ids


@dataclass(frozen=True, slots=True)
class Standing:
    """`order` holds the rows, best first. The first `held` of them are fixed: no reranker moves them.

    `odds` are score / (1 - score), which rerankers multiply. A row of a higher `tier` stands behind every row of a
    lower one. `chances` are the probabilities with which chance gave the rows their places, 1 where it had no hand.
    """

    odds: Floats
    tier: Tiers
    order: Rows
    held: int = 0
    chances: Floats | None = None

    @classmethod
    def of(cls, pages: Sequence[ScoredPage]) -> Standing:
        """As the ranker left them: by tier, then by score, then as they come."""
        ranking = Ranking.of(pages)
        scores = np.minimum(ranking.scores, _HIGHEST)
        return cls(scores / (1.0 - scores), ranking.tiers, np.arange(len(scores))).sorted()

    def times(self, factors: Floats) -> Standing:
        """With each row's odds multiplied, in the order that this makes."""
        return Standing(self.odds * factors, self.tier, self.order, self.held, self.chances).sorted()

    def sorted(self) -> Standing:
        """By tier, then odds; equal ones stay as they were. Only before anything is held."""
        odds, tier = self.odds[self.order], self.tier[self.order]
        places = np.lexsort((-odds, tier)) if tier.any() else np.argsort(-odds, kind="stable")
        return Standing(self.odds, self.tier, self.order[places], self.held, self.chances)

    def in_order(self, rows: Sequence[int], held: int | None = None) -> Standing:
        """With `rows` first, as given, and all others behind them as they were."""
        first = np.array(rows, dtype=np.intp)
        is_left = np.ones(len(self.order), dtype=bool)
        is_left[first] = False
        order = np.concatenate([first, self.order[is_left[self.order]]])
        return Standing(self.odds, self.tier, order, self.held if held is None else held, self.chances)

    def scores(self) -> Floats:
        """The odds as scores in [0, 1) again."""
        return self.odds / (1.0 + self.odds)


def stacked(page_ids: Sequence[int], vectors: Mapping[int, Vector]) -> npt.NDArray[np.float32]:
    """One row a page, zeros where it has no vector; all of one embedding model."""
    found = [vectors.get(page_id) for page_id in page_ids]
    dimensions = next((len(one) for one in found if one is not None), 1)
    nothing = np.zeros(dimensions, dtype=np.float32)
    rows = [nothing if one is None else one for one in found]
    return np.concatenate(rows).reshape(len(rows), dimensions) if rows else np.zeros((0, 1), dtype=np.float32)
