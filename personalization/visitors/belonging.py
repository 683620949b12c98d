"""Keeps the segments that profiles are stored with true to the rules: when these change, and as time goes by.

A profile is matched whenever its visitor reads on. This is for those who do not, as far as the database can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, Q, QuerySet, Value
from django.utils import timezone

from personalization.models import Profile, Segment

from .conditions import NOBODY, condition_of
from .crowds import DAYS
from .references import load_references, usable_trees

CHUNK: Final = 2_000
"""Profiles changed in one statement: the rows are not locked for longer than that takes."""


def refresh(segment: int | None = None) -> int:
    """Put the visitors of the last days into the segment, or every one, and take out whoever belongs no more.

    How many profiles changed. Segments with rules that depend on the visit, or that only a matcher knows, stay.
    """
    now = timezone.localtime()
    chosen = Segment.objects.all() if segment is None else Segment.objects.filter(pk=segment)
    trees = usable_trees(load_references())
    conditions: dict[int, Q | None] = {} if segment is None else {segment: NOBODY}  # where it was deleted
    conditions |= {
        pk: condition_of(trees[pk], now) if is_enabled and pk in trees else NOBODY
        for pk, is_enabled in chosen.values_list("pk", "is_enabled")
    }
    return sum(_refresh(pk, condition, now) for pk, condition in conditions.items() if condition is not None)


def _refresh(segment: int, condition: Q, now: datetime) -> int:
    lately = Profile.objects.filter(last_seen__gte=now - timedelta(days=DAYS))
    inside, outside = Q(segments__contains=[segment]), ~Q(segments__contains=[segment])
    joining = _change(lately.filter(condition), outside, "array_append", segment)
    return joining + _change(Profile.objects.filter(inside).exclude(condition), inside, "array_remove", segment)


def _change(profiles: QuerySet[Profile], still: Q, function: str, segment: int) -> int:
    pks = iter(profiles.filter(still).values_list("pk", flat=True))
    changed = Func(
        F("segments"),
        Value(segment, output_field=BigIntegerField()),
        function=function,
        output_field=ArrayField(BigIntegerField()),
    )
    return sum(Profile.objects.filter(still, pk__in=chunk).update(segments=changed) for chunk in _chunks(pks))


def _chunks(pks: Iterator[UUID]) -> Iterator[list[UUID]]:
    while chunk := list(islice(pks, CHUNK)):
        yield chunk
