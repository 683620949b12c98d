"""The product's counters over a log, in memory: by the database's formulas, kept up to date as a site keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from personalization.evaluation.contender import LoggedView
from personalization.recommendation.history import covisits, popularity, sessions
from personalization.recommendation.history.covisits import CoVisits
from personalization.recommendation.history.popularity import Popularity
from personalization.recommendation.history.sessions import Sessions
from personalization.recommendation.history.transitions import Transitions

CLASSES: Final = ("referrer", "device")
"""The attributes by which views are counted; what tells most comes first."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What a site has counted."""

    popularity: Popularity
    covisits: CoVisits
    transitions: Transitions
    sessions: Sessions

    @classmethod
    def for_traffic(cls, views_per_hour: float, sessions_per_hour: float) -> Stores:
        """With the half-lives that suit a site with so much of it."""
        pairs = covisits.half_life(views_per_hour)
        return cls(
            Popularity(popularity.half_lives(views_per_hour)),
            CoVisits(pairs),
            Transitions(pairs),
            Sessions(sessions.half_life(sessions_per_hour)),
        )

    def add(self, view: LoggedView) -> None:
        """Count one view."""
        before = view.state.pages
        self.popularity.add(view.page, view.at, classes_of(view.attributes))
        self.sessions.add(view.state.session, view.page, view.at)
        self.transitions.add(view.page, before, view.at)
        self.covisits.add(view.page, list(dict.fromkeys(before)), view.at)


def classes_of(attributes: Mapping[str, str]) -> tuple[str, ...]:
    """The names under which a view is counted, such as "referrer=search"."""
    return tuple(f"{name}={attributes[name]}" for name in CLASSES if attributes.get(name))
