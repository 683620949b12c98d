"""What was read right after the current page: the baseline of sequence models."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from personalization.evaluation.contender import LoggedView, SessionState

from .lists import best, filled
from .popularity import SPARE, Popularity


class Transitions:
    """Counts of the next page, by page (a first-order Markov chain); then what is popular."""

    name = "transitions"

    def __init__(self) -> None:
        self._next: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._popular = Popularity()

    def observe(self, view: LoggedView) -> None:
        """Count the step that led here."""
        self._popular.observe(view)
        if view.state.current is not None and view.state.current != view.page:
            self._next[view.state.current][view.page] += 1

    def refresh(self, at: float) -> None:
        """Counts are kept up with every view."""

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """The most frequent next pages."""
        steps: Mapping[int, float] = self._next.get(state.current, {}) if state.current is not None else {}
        return filled(best(steps, state.excluded, n), self._popular.top(n + SPARE), state.excluded, n)
