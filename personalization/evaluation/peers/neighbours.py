"""V-SKNN: recent sessions like this one say what comes next (Ludewig and Jannach, "Evaluation of Session-based
Recommendation Algorithms", 2018)."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Sequence

from personalization.evaluation.contender import LoggedView, SessionState

from .lists import best, filled
from .popularity import SPARE, Popularity

CURRENT = 5
"""So many of the session's newest pages look for neighbours, with the weights 1, .8, .6, .4, .2."""


class VSknn:
    """`sample`: newest sessions looked at per page; `k`: neighbours that vote; `half_life_hours` of a session."""

    name = "V-SKNN"

    def __init__(self, sample: int = 400, k: int = 200, half_life_hours: float = 6.0) -> None:
        self._k = k
        self._rate = math.log(2) / (half_life_hours * 3600)
        self._pages: dict[int, tuple[float, list[int]]] = {}
        self._holders: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=sample))
        self._popular = Popularity()

    def observe(self, view: LoggedView) -> None:
        """Add the page to its session, once."""
        self._popular.observe(view)
        session = view.state.session
        _at, pages = self._pages.get(session, (0.0, []))
        self._pages[session] = (view.at, pages)
        if view.page not in pages:
            pages.append(view.page)
            self._holders[view.page].append(session)

    def refresh(self, at: float) -> None:
        """Sessions are kept up with every view."""

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """The pages of the nearest sessions."""
        popular = self._popular.top(n + SPARE)
        return filled(best(self._votes(state), state.excluded, n), popular, state.excluded, n)

    def _votes(self, state: SessionState) -> dict[int, float]:
        weights = _weights(state.pages)
        votes: defaultdict[int, float] = defaultdict(float)
        for likeness, session in self._nearest(state, weights):
            pages = self._pages[session][1]
            match = max(weights.get(page, 0.0) for page in pages)
            for page in pages:
                votes[page] += likeness * match
        return votes

    def _nearest(self, state: SessionState, weights: dict[int, float]) -> list[tuple[float, int]]:
        likeness: defaultdict[int, float] = defaultdict(float)
        for page, weight in weights.items():
            for session in self._holders.get(page, ()):
                likeness[session] += weight
        likeness.pop(state.session, None)
        aged = (
            (value * math.exp(-self._rate * max(0.0, state.at - self._pages[session][0])), session)
            for session, value in likeness.items()
        )
        return heapq.nlargest(self._k, aged)


def _weights(pages: Sequence[int]) -> dict[int, float]:
    """Newer pages weigh more; a page read again counts where it was read last."""
    weights: dict[int, float] = {}
    for step, page in enumerate(reversed(pages[-CURRENT:])):
        weights.setdefault(page, (CURRENT - step) / CURRENT)
    return weights
