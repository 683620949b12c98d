"""Whether the network of what is read next beats what needs no learning: the counted steps from page to page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from personalization.evaluation.bootstrap import bootstrap
from personalization.evaluation.contender import LoggedView, SessionState
from personalization.evaluation.log import Log
from personalization.evaluation.metrics import ndcg
from personalization.evaluation.peers.lists import filled
from personalization.evaluation.peers.popularity import SPARE, Popularity
from personalization.evaluation.replay import Plan, answers
from personalization.recommendation.history import transitions
from personalization.recommendation.sequences import Network
from tagging.evaluation.metrics import Figure

from .sequences import next_pages

MOST_ASKED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Beside:
    """nDCG@10 of both and own - other, each with its 95 % interval, over so many views."""

    own: Figure
    other: Figure
    difference: Figure
    views: int


class _Filled(ABC):
    """Where one has too little to say what is popular fills the list: a short list is no argument against it."""

    name: str

    def __init__(self) -> None:
        self._popular, self._as_of = Popularity(), 0.0

    def observe(self, view: LoggedView) -> None:
        """Count the view."""
        self._popular.observe(view)

    def refresh(self, at: float) -> None:
        """From now on sums are read as of this moment."""
        self._as_of = at

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """The likeliest next pages."""
        found = self._pages(state, n)
        return found if len(found) == n else filled(found, self._popular.top(n + SPARE), state.excluded, n)

    @abstractmethod
    def _pages(self, state: SessionState, n: int) -> list[int]: ...


class Fixed(_Filled):
    """A network that was fitted before, and not again."""

    name = "sequences"

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def _pages(self, state: SessionState, n: int) -> list[int]:
        return next_pages(self._network, state, n)


class Counted(_Filled):
    """The product's transitions, counted up to the last refresh."""

    name = "transitions"

    def __init__(self, half_life: float) -> None:
        super().__init__()
        self._store = transitions.Transitions(half_life)

    def observe(self, view: LoggedView) -> None:
        """Count the steps that led here."""
        super().observe(view)
        self._store.add(view.page, view.state.pages, view.at)

    def _pages(self, state: SessionState, n: int) -> list[int]:
        visit = list(dict.fromkeys(reversed(state.pages)))[: transitions.REACH][::-1]
        ids, sums = self._store.scores(visit, self._as_of)
        best = ids[np.lexsort((ids, -sums[:, 0]))].tolist()
        return [page for page in best if page not in state.excluded][:n]


def beside_transitions(
    log: Log, plan: Plan, network: Network, half_life: float, views: Iterable[LoggedView] | None = None
) -> Beside | None:
    """The network, which knows what it was fitted to, and transitions, as fresh as `plan` says; None without a view.

    Visitors are drawn anew, each with all that they read, and both alike. `views` may wrap `log.views`.
    """
    given = answers(log, plan, (Fixed(network), Counted(half_life)), MOST_ASKED, views)
    rows = given[0].rows
    if not len(rows):
        return None
    drawn = bootstrap(np.stack([ndcg(one.ranks(log), 10)[None] for one in given]), log.visitors[rows])
    return Beside(drawn.figure(0, 0), drawn.figure(1, 0), drawn.difference(0, 1, 0), len(rows))
