"""V-SKNN: what was read in the recent sessions most like this one (Ludewig and Jannach, 2018)."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from .decay import EVER, HOUR, decayed

PAGES: Final = 5
"""The last so many pages of a session say where it is going."""

PER_PAGE: Final = 400
"""The newest so many sessions of a page are compared."""

NEIGHBOURS: Final = 200
HALF_LIFE: Final = 6 * HOUR
LEAST_SESSIONS: Final = 2000.0
MOST_SESSIONS: Final = 200_000


def half_life(sessions_per_hour: float) -> float:
    """In seconds, for a site with so many sessions an hour: a half-life holds 2000 of them at least."""
    return max(HALF_LIFE, LEAST_SESSIONS / max(sessions_per_hour, 1e-3) * HOUR)


def position_weight(steps_back: int) -> float:
    """How much it says that another session holds the page so many steps back; 1 for the last page."""
    return max(0, PAGES - steps_back) / PAGES


def similarity(shared: float, age: float, half_life: float) -> float:
    """Of a session that shares pages of these weights, whose last page was read `age` seconds ago."""
    return decayed(shared, max(age, 0.0), half_life)


@dataclass(slots=True, eq=False)
class PastSession:
    """Its pages, each once, in the order of first reads; when the last of them was read."""

    at: float
    pages: list[int] = field(default_factory=list)


class Sessions:
    """The recent sessions, and by page those that hold it."""

    def __init__(self, half_life: float = HALF_LIFE, most: int = MOST_SESSIONS, per_page: int = PER_PAGE) -> None:
        self._half_life, self._most, self._per_page = half_life, most, per_page
        self._sessions: OrderedDict[Hashable, PastSession] = OrderedDict()
        self._of: dict[int, deque[PastSession]] = {}

    def add(self, session: Hashable, page_id: int, at: float) -> None:
        """One view; a page counts once a session. The newest `most` sessions may still grow."""
        past = self._sessions.setdefault(session, PastSession(at))
        past.at = max(past.at, at)
        self._sessions.move_to_end(session)
        if page_id not in past.pages:
            past.pages.append(page_id)
            self._of.setdefault(page_id, deque(maxlen=self._per_page)).append(past)
        if len(self._sessions) > self._most:
            self._sessions.popitem(last=False)

    def scores(
        self, history: Sequence[int], at: float, own: Hashable = None, neighbours: int = NEIGHBOURS
    ) -> dict[int, float]:
        """Page to the summed similarity of the most similar sessions that hold it; the session `own` is left out."""
        alike = self._alike(history, at, self._sessions.get(own))
        found = list(alike)
        if len(found) > neighbours:
            likeness = np.fromiter(alike.values(), dtype=np.float64, count=len(found))
            found = [found[place] for place in np.argsort(-likeness, kind="stable")[:neighbours].tolist()]
        scores: dict[int, float] = {}
        for past in found:
            for page_id in past.pages:
                scores[page_id] = scores.get(page_id, 0.0) + alike[past]
        return scores

    def _alike(self, history: Sequence[int], at: float, own: PastSession | None) -> dict[PastSession, float]:
        shared: dict[PastSession, float] = {}
        for steps, page_id in enumerate(_last_distinct(history)):
            weight = position_weight(steps)
            for past in self._of.get(page_id, ()):
                shared[past] = shared.get(past, 0.0) + weight
        if own is not None:
            shared.pop(own, None)
        if self._half_life == EVER:
            return shared
        return {past: similarity(weight, at - past.at, self._half_life) for past, weight in shared.items()}


def _last_distinct(history: Sequence[int]) -> list[int]:
    """The last pages, newest first, each once."""
    return list(dict.fromkeys(reversed(history)))[:PAGES]
