"""Served lists into which chance put new pages, and what any other setting would have earned with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from personalization.recommendation.held_out import Scorer
from personalization.recommendation.logged import LoggedSlate, Trial
from personalization.recommendation.proposals import Proposals
from personalization.types import Candidate
from tests.personalization.ranked_log import DAY, SEEN_AT, SHOWN, SOURCES, Circumstances, Taste

NEW = 999


@dataclass(frozen=True)
class World:
    """Readers click on a page where they look at it by `taste` of its z-scores, on a new one with `new`."""

    taste: Taste
    new: float = 0.2
    pages: int = 8
    exploration: float = 0.2

    def serve(self, n: int, seed: int = 0, days: int = 10) -> list[LoggedSlate]:
        """`n` lists in the order of the plain sum of the sources."""
        rng = np.random.default_rng(seed)
        return [self._list(rng, number * days * DAY / n, int(rng.integers(max(n // 3, 1)))) for number in range(n)]

    def relevance(self, slate: LoggedSlate) -> np.ndarray:
        """How probable a click is on each page of the list's signals where it is looked at."""
        signals = slate.signals
        z = (signals.raw - signals.means) / signals.deviations
        chances = 1.0 / (1.0 + np.exp(-self.taste(z, slate.circumstances)))
        return np.where(np.array(signals.page_ids) == NEW, self.new, chances)

    def truth(self, slates: list[LoggedSlate], order: Scorer, exploration: float | None = None) -> float:
        """Clicks per page shown, expected of these occasions under another order and share of exploration."""
        share = self.exploration if exploration is None else exploration
        return float(np.mean([self._expected(slate, order, share) for slate in slates]))

    def _expected(self, slate: LoggedSlate, order: Scorer, exploration: float) -> float:
        scores = order(slate)
        best = [row for row in np.argsort(-scores, kind="stable") if slate.signals.page_ids[row] != NEW][:SHOWN]
        relevance = self.relevance(slate)[best]
        stays = np.array([1.0, *[1.0 - exploration / (SHOWN - 1)] * (SHOWN - 1)])
        return float((SEEN_AT * (stays * relevance + (1 - stays) * self.new)).mean())

    def _list(self, rng: np.random.Generator, at: float, reader: int) -> LoggedSlate:
        raw = rng.gamma(2.0, 1.0, (self.pages, len(SOURCES)))
        found = [
            Candidate(page + 1, float(raw[page, column]), source)
            for page in range(self.pages)
            for column, source in enumerate(SOURCES)
        ]
        signals = Proposals.of(found).signals
        z = (raw - raw.mean(axis=0)) / raw.std(axis=0)
        order = np.argsort(-z.sum(axis=1))
        shown, share = order[:SHOWN].tolist(), self.exploration / (SHOWN - 1)
        place = int(rng.integers(1, SHOWN)) if rng.random() < self.exploration else None
        circumstances = Circumstances(placement="sidebar")
        relevance = 1.0 / (1.0 + np.exp(-self.taste(z, circumstances)))
        chances = [self.new if at_ == place else relevance[row] for at_, row in enumerate(shown)]
        clicked = rng.random(SHOWN) < SEEN_AT * np.array(chances)
        kept = [at_ for at_ in range(SHOWN) if at_ != place]
        rows = [shown[at_] for at_ in kept] + [row for at_, row in enumerate(order.tolist()) if at_ not in kept]
        is_tried = self.exploration > 0
        return LoggedSlate(
            at=at,
            reader=reader,
            circumstances=circumstances,
            signals=signals.only([row + 1 for row in rows]),
            blend=z.sum(axis=1)[rows],
            places=np.array(kept),
            seen=np.ones(len(kept), dtype=bool),
            clicked=clicked[kept],
            propensities=np.array([1.0 if at_ == 0 or not is_tried else 1.0 - share for at_ in kept]),
            exploration=self.exploration,
            drawn=tuple(range(1, SHOWN)) if is_tried else (),
            trial=None if place is None else Trial(place, share, bool(clicked[place])),
        )
