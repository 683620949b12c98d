"""The network of what is read next, which is learned anew each night, and as a contender of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from personalization.evaluation.contender import LoggedView, SessionState
from personalization.evaluation.peers.lists import filled
from personalization.evaluation.peers.popularity import SPARE, Popularity
from personalization.recommendation.sequences import LENGTH, Network

from .sources import DAY, read_last

Fit = Callable[[Sequence[Sequence[int]]], Network]
"""From visits as pages in the order of reading."""


class NightlyNetwork:
    """The network, fitted at the first question of each day to all that was read, as a worker does each night."""

    def __init__(self, fit: Fit | None = None) -> None:
        self._fit = fit or fitted_with_torch
        self._network: Network | None = None
        self._fitted_at = -math.inf
        self._sessions: dict[int, list[int]] = {}

    def add(self, view: LoggedView) -> None:
        """Keep the view in its session."""
        self._sessions.setdefault(view.state.session, []).append(view.page)

    def at(self, moment: float) -> Network | None:
        """The network of that day; None where nothing was read before it."""
        night = moment // DAY * DAY
        if night > self._fitted_at and self._sessions:
            self._network, self._fitted_at = self._fit(list(self._sessions.values())), night
        return self._network


class Sequences:
    """The network alone. Where it knows no page of the session, what is popular."""

    name = "source, sequences"

    def __init__(self, fit: Fit | None = None) -> None:
        self._network, self._popular = NightlyNetwork(fit), Popularity()

    def observe(self, view: LoggedView) -> None:
        """Count the view, and keep it in its session."""
        self._popular.observe(view)
        self._network.add(view)

    def refresh(self, at: float) -> None:
        """Nothing is counted between two fits."""

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """The likeliest next pages."""
        network = self._network.at(state.at)
        found = next_pages(network, state, n) if network else []
        return filled(found, self._popular.top(n + SPARE), state.excluded, n)


def fitted_with_torch(sessions: Sequence[Sequence[int]]) -> Network:
    """As a worker fits it."""
    from personalization.recommendation.sequences.training import Options, fit

    return fit(sessions, Options()).rounded()


def next_pages(network: Network, state: SessionState, n: int) -> list[int]:
    """What the source would propose."""
    return [page for page, _chance in network.best(read_last(state, LENGTH), n, state.excluded)]
