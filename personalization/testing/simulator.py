"""Readers with hidden tastes, who are shown lists and click: what a placement earns, without waiting for a real site.

Everything between the list and the profile is the product's own: recommendation, log, events, counters and folding.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from personalization.models import Profile, Visitor
from personalization.operations import recommend, record_served
from personalization.types import EventKind, EventRecord, RecQuery, RequestContext, Slate
from personalization.visitors import pairs
from personalization.visitors.events import record_events
from personalization.visitors.folding import fold_visitor
from personalization.visitors.store import load_profile

ATTENTION = 0.9
"""How much less each further place is looked at than the one before it."""

DWELL_SECONDS = 60.0
COUNT_EVERY = 50
"""Visits after which pages read together are counted; on a site a task does so every half minute."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A visitor, and the probability of a click on each page where it is looked at. Pages left out have `otherwise`."""

    visitor_id: uuid.UUID
    tastes: Mapping[int, float]
    otherwise: float = 0.0

    def taste(self, page_id: int) -> float:
        """The probability, in [0, 1], that the reader clicks on the page where the reader sees it."""
        return self.tastes.get(page_id, self.otherwise)


@dataclass(frozen=True, slots=True)
class Visit:
    """One list: whom it was shown to, the pages in order, and which of them were clicked."""

    visitor_id: uuid.UUID
    shown: tuple[int, ...]
    clicked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where lists are shown: the placement, how many pages, and the site and locale they are of."""

    placement: str
    n: int
    site_id: int
    locale_id: int


def make_reader(number: int, tastes: Mapping[int, float], otherwise: float = 0.0) -> Reader:
    """A consenting visitor; the same number gives the same id, so that a simulation can be repeated."""
    visitor = Visitor.objects.create(id=uuid.UUID(int=number + 1, version=4))
    Profile.objects.create(visitor=visitor)
    return Reader(visitor.pk, tastes, otherwise)


def simulate(
    spot: Spot,
    readers: Sequence[Reader],
    moments: Sequence[datetime],
    seed: int = 0,
    before_visit: Callable[[int], object] = lambda number: None,
) -> list[Visit]:
    """One visit at each of the moments (aware, ascending), by readers drawn at random.

    `before_visit` is called with each visit's number: there the site may publish something. The same seed, site and
    readers give the same visits.
    """
    chance = np.random.default_rng(seed)
    visits = []
    for number, at in enumerate(moments):
        before_visit(number)
        visits.append(_visit(spot, readers[int(chance.integers(len(readers)))], at, chance))
        if number % COUNT_EVERY == 0:
            count_pairs()
    return visits


def count_pairs() -> None:
    """Count which pages were read together, as the task `update_signals` does."""
    while pairs.update():
        pass


def click_rate(visits: Sequence[Visit]) -> float:
    """Clicks per page shown, in [0, 1]; 0 where nothing was shown."""
    return sum(len(visit.clicked) for visit in visits) / max(sum(len(visit.shown) for visit in visits), 1)


def exposure(visits: Sequence[Visit], page_ids: Sequence[int]) -> npt.NDArray[np.intp]:
    """How often each of the pages was shown, in their order."""
    rows = {page_id: row for row, page_id in enumerate(page_ids)}
    shown = [rows[page_id] for visit in visits for page_id in visit.shown if page_id in rows]
    return np.bincount(np.array(shown, dtype=np.int64), minlength=len(page_ids))


def _visit(spot: Spot, reader: Reader, at: datetime, chance: np.random.Generator) -> Visit:
    query = RecQuery(
        placement=spot.placement,
        n=spot.n,
        site_id=spot.site_id,
        locale_id=spot.locale_id,
        context=RequestContext(at=at, device="desktop"),
        profile=load_profile(reader.visitor_id),
        visitor_id=reader.visitor_id,
    )
    slate = recommend(query)
    record_served(slate, query)
    shown = tuple(item.page_id for item in slate.items)
    odds = [reader.taste(page_id) * ATTENTION**place for place, page_id in enumerate(shown)]
    is_clicked = chance.random(len(shown)) < np.array(odds)
    clicked = tuple(page_id for page_id, is_one in zip(shown, is_clicked.tolist(), strict=True) if is_one)
    record_events(reader.visitor_id, _events(slate, clicked, at, chance))
    fold_visitor(reader.visitor_id)
    return Visit(reader.visitor_id, shown, clicked)


def _events(slate: Slate, clicked: Sequence[int], at: datetime, chance: np.random.Generator) -> list[EventRecord]:
    def event(kind: EventKind, page_id: int, seconds: int, value: float | None = None) -> EventRecord:
        place = [item.page_id for item in slate.items].index(page_id)
        is_of_list = kind in ("impression", "click")
        return EventRecord(
            event_id=uuid.UUID(bytes=chance.bytes(16), version=4),
            kind=kind,
            page_id=page_id,
            at=at + timedelta(seconds=seconds),
            value=value,
            slate_id=slate.slate_id if is_of_list else None,
            placement=slate.placement if is_of_list else "",
            position=place + 1 if is_of_list else None,
            device="desktop",
            referrer="internal" if kind == "view" else "",
        )

    events = [event("impression", item.page_id, 0) for item in slate.items]
    for number, page_id in enumerate(clicked):
        start = 1 + number * round(DWELL_SECONDS)
        events += [event("click", page_id, start), event("view", page_id, start + 1)]
        events.append(event("dwell", page_id, start + round(DWELL_SECONDS), DWELL_SECONDS))
    return events
