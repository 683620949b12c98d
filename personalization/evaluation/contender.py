"""What is measured: anything that has seen some views and ranks pages for a reader in the middle of a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SessionState:
    """What is known of a reader just before a view: nothing of the view itself but its moment.

    `session` and `visitor` are the log's numbers. `at` is in seconds since 1970, 0.0 in a log without times. `pages`
    are the pages of this session so far, oldest first, repeats and all, at most the last `KEPT_PAGES` of them.
    `attributes` are those of the **previous** view of the session (device, referrer class, locale ...), empty before
    the first: a view's own referrer says what was clicked. `excluded` may not be recommended.
    """

    session: int
    visitor: int
    at: float
    pages: tuple[int, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    excluded: frozenset[int] = frozenset()

    @property
    def current(self) -> int | None:
        """The page that is being read; None before the first."""
        return self.pages[-1] if self.pages else None


@dataclass(frozen=True, slots=True)
class LoggedView:
    """One view of the log: which page, with what attributes of its own, and the state just before it."""

    page: int
    state: SessionState
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def at(self) -> float:
        """The moment, in seconds since 1970; 0.0 in a log without times."""
        return self.state.at


KEPT_PAGES = 50
"""Of a session, newest: more says nothing, and a crawler's session must not cost the square of its length."""


class Contender(Protocol):
    """What takes part in a replay. It sees every view once, in time order, and never one that lies ahead.

    The replay hands views over when the counters are refreshed, so a contender may use at once what it observes.
    It is asked only after all that it may know was handed over.
    """

    @property
    def name(self) -> str:
        """As it stands in the tables."""
        ...

    def observe(self, view: LoggedView) -> None:
        """Take note of one view. Called for every view, also in the part that is learned from."""
        ...

    def refresh(self, at: float) -> None:
        """Views up to `at` were handed over: bring up to date what is not kept up with every view.

        Called at every refresh of the counters, in the part that is learned from too: what is costly to bring up
        to date should wait for the next `rank`.
        """
        ...

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """At most `n` pages, best first, none twice and none of `state.excluded`."""
        ...
