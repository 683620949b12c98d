"""Examples of how a segment's visitors read: pages in order, with nothing that tells who or when."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event, Profile, Visitor

from .crowds import DAYS

VISITORS: Final = 1_000
SHOWN: Final = 5
LONGEST: Final = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A page, and how many minutes after the first one it was opened."""

    page_id: int
    minutes: int


def journeys(segment: int, well_read: Collection[int]) -> list[tuple[Step, ...]]:
    """Up to `SHOWN` visits to two pages or more, long ones first: each of another visitor, no two alike.

    Only visits whose every page is in `well_read`, which are those that enough of the segment's visitors read.
    """
    longest: dict[uuid.UUID, tuple[Step, ...]] = {}
    for visitor, steps in _visits(segment):
        pages = [step.page_id for step in steps]
        if len(pages) > 1 and set(pages) <= set(well_read) and len(pages) > len(longest.get(visitor, ())):
            longest[visitor] = steps
    different = {tuple(step.page_id for step in steps): steps for steps in longest.values()}
    return _varied(sorted(different.values(), key=lambda steps: (-len(steps), steps[0].page_id)))[:SHOWN]


def _varied(visits: list[tuple[Step, ...]]) -> list[tuple[Step, ...]]:
    """First one visit from each page that visits begin with, then a second from each, and so on."""
    begun: Counter[int] = Counter()
    turns = []
    for steps in visits:
        turns.append(begun[steps[0].page_id])
        begun[steps[0].page_id] += 1
    return [steps for _turn, steps in sorted(zip(turns, visits, strict=True), key=lambda pair: pair[0])]


def _visits(segment: int) -> Iterator[tuple[uuid.UUID, tuple[Step, ...]]]:
    since = timezone.now() - timedelta(days=DAYS)
    members = Profile.objects.filter(
        segments__contains=[segment], last_seen__gte=since, visitor__purposes__contains=[Visitor.Purpose.ANALYTICS]
    ).order_by("-last_seen")
    views = Event.objects.filter(kind=Event.Kind.VIEW, at__gte=since, visitor__in=members.values("pk")[:VISITORS])
    rows = views.order_by("visitor", "at").values_list("visitor", "page", "at")
    for visitor, own in groupby(rows.iterator(), key=lambda row: row[0]):
        for visit in _split([(page, at) for _visitor, page, at in own]):
            yield visitor, _steps(visit)


def _split(views: list[tuple[int, datetime]]) -> Iterator[list[tuple[int, datetime]]]:
    gap = timedelta(minutes=settings.VISIT_GAP_MINUTES)
    visit = views[:1]
    for view in views[1:]:
        if view[1] - visit[-1][1] > gap:
            yield visit
            visit = []
        visit.append(view)
    yield visit


def _steps(visit: list[tuple[int, datetime]]) -> tuple[Step, ...]:
    """The visit's pages, one reloaded at once being one."""
    start = visit[0][1]
    first_of_each = [next(views) for _page, views in groupby(visit, key=lambda view: view[0])]
    return tuple(Step(page, round((at - start).total_seconds() / 60)) for page, at in first_of_each[:LONGEST])
