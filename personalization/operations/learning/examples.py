"""What visitors had done at some moment, and whether they reached a goal after it: what a goal is learned from.

Moments lie LEARNED_GOAL_DAYS apart, the last of them so long ago. Nothing from after a moment is in its profile.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from django.db.models import Min, QuerySet
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event, LearnedSegmentation, Profile
from personalization.profiles import Reading, Tally, fold, profile_state
from personalization.types import ProfileState
from personalization.visitors.folding import fold_settings, readings
from tagging import index

MOMENTS: Final = 8
AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Example:
    """A visitor's profile at the moment `steps_ago` (1 is the last one), and whether the goal was reached next."""

    profile: ProfileState
    steps_ago: int
    reached: bool


def goal_events(segmentation: LearnedSegmentation) -> QuerySet[Event]:
    """The events by which the goal is reached; none where what it names is gone."""
    kinds = LearnedSegmentation.Goal
    events = Event.objects.filter(kind=segmentation.goal)
    if segmentation.goal == kinds.VIEW:
        page = segmentation.goal_page
        return events.filter(page__path__startswith=page.path) if page else events.none()
    if segmentation.goal == kinds.CLICK:
        placement = segmentation.goal_placement
        return events.filter(placement=placement.name) if placement else events.none()
    return events.filter(value__gt=0)


def examples(segmentation: LearnedSegmentation) -> Iterator[Example]:
    """One for each visitor and moment, of those who had come lately and not reached the goal before."""
    first = dict(goal_events(segmentation).order_by().values_list("visitor_id").annotate(Min("at")))
    step, now = timedelta(days=settings.LEARNED_GOAL_DAYS), timezone.now()
    moments = [(number, now - number * step) for number in range(MOMENTS, 0, -1)]
    newest = Profile.objects.filter(last_seen__isnull=False).order_by("-last_seen", "pk")
    visitors = list(newest.values_list("pk", flat=True)[: settings.LEARNED_MAX_VISITORS])
    model = index.live_model_name() or ""
    for start in range(0, len(visitors), AT_ONCE):
        for visitor_id, found in _readings(visitors[start : start + AT_ONCE], now - step):
            for example in _of_visitor(found, moments, step, first.get(visitor_id)):
                yield replace(example, profile=replace(example.profile, vector_model=model))


def _readings(visitors: Sequence[uuid.UUID], until: datetime) -> Iterator[tuple[uuid.UUID, list[Reading]]]:
    events = list(Event.objects.filter(visitor_id__in=visitors, at__lt=until).order_by("visitor_id", "at"))
    pairs = zip(events, readings(events), strict=True)
    for visitor_id, group in groupby(pairs, key=lambda pair: pair[0].visitor_id):
        yield visitor_id, [reading for _event, reading in group]


def _of_visitor(
    found: Sequence[Reading], moments: Sequence[tuple[int, datetime]], step: timedelta, reached_at: datetime | None
) -> Iterator[Example]:
    tally, done, chosen = Tally(), 0, fold_settings()
    for steps_ago, moment in moments:
        if reached_at and reached_at < moment:
            return
        until = next((i for i in range(done, len(found)) if found[i].at >= moment), len(found))
        tally, done = fold(tally, found[done:until], chosen), until
        if tally.last_seen and tally.last_seen >= moment - step:
            reached = reached_at is not None and reached_at < moment + step
            yield Example(profile_state(tally, chosen.half_life), steps_ago, reached)
