"""The signals as a whole: by which half-lives they are counted, and counting all of them anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from django.db.models import F, Min, Sum
from django.utils import timezone

from personalization.models import (
    Event,
    EventCount,
    HalfLives,
    SessionRead,
    SignalState,
    suitable_half_lives,
)
from personalization.models.signal_state import THE_ROW

from . import counters, pairs

OBSERVED: Final = timedelta(days=7)
"""So far back is looked for how much the site is read."""

OUT_OF_STEP: Final = 1.5
"""So many times too long or too short may a half-life be before everything is counted anew."""


def keep() -> bool:
    """Drop what need not be kept, and count anew by other half-lives where these no longer suit; whether that was done.

    They no longer suit where settings changed, or the site is read much more or less than when they were settled.
    """
    wanted, state = suitable_half_lives(*_rates()), SignalState.objects.filter(pk=THE_ROW).first()
    if state is not None and not state.half_lives.differ(wanted, OUT_OF_STEP):
        pairs.tidy()
        return False
    rebuild(wanted)
    return True


def rebuild(half_lives: HalfLives | None = None, progress: Callable[[int], object] = lambda visitors: None) -> None:
    """Count sessions, pairs and reads anew from the events that are kept, by what suits the site unless told."""
    chosen = half_lives or suitable_half_lives(*_rates())
    SignalState.objects.update_or_create(pk=THE_ROW, defaults=asdict(chosen))
    pairs.rebuild(progress)
    counters.rebuild()
    pairs.tidy()


def _rates() -> tuple[float, float]:
    """Views and sessions an hour of late."""
    since = timezone.now() - OBSERVED
    views = EventCount.objects.filter(kind=Event.Kind.VIEW, hour__gte=since)
    seen = views.aggregate(n=Sum("n", default=0), first=Min("hour"))
    if seen["first"] is None:
        return 0.0, 0.0
    hours = max(1.0, (timezone.now() - seen["first"]) / timedelta(hours=1))
    sessions = SessionRead.objects.filter(at=F("session"), at__gte=since).count()
    # Before sessions are counted for the first time, there is one for some views.
    return seen["n"] / hours, max(sessions, seen["n"] / 3) / hours
