"""Writes what browsers reported: all of a batch or nothing, and each event once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import Any

import swapper
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from personalization.conf import settings
from personalization.exceptions import InvalidField
from personalization.models import Event, Visitor
from personalization.types import EventRecord

from . import counters, counts

Batch = tuple[uuid.UUID, Sequence[EventRecord]]

COLUMNS: Mapping[str, str] = {
    "event_id": "uuid",
    "kind": "text",
    "page_id": "bigint",
    "at": "timestamptz",
    "value": "float8",
    "slate_id": "uuid",
    "placement": "text",
    "position": "smallint",
    "device": "text",
    "country": "text",
    "referrer": "text",
    "utm_source": "text",
    "utm_medium": "text",
    "utm_campaign": "text",
}
"""The fields of an event, which are columns of the table, and their types there."""

_values_of = attrgetter(*COLUMNS)

# One statement, so that what counts the new rows doesn't see them among the earlier ones. The visitor's row is locked
# before it begins: nothing of the same visitor can be written meanwhile, so that looking for an event is enough to
# keep it from being stored twice, in whichever partition it is.
_RECORD = """
    WITH sent AS (
        SELECT DISTINCT ON (visitor_id, event_id) * FROM unnest({arrays}) WITH ORDINALITY
            AS row (visitor_id, {columns}, number)
        ORDER BY visitor_id, event_id, number
    ), new AS (
        INSERT INTO {events} (visitor_id, {columns}, received_at, is_folded)
        SELECT visitor_id, {columns}, now(), kind = 'impression' OR visitor_id <> ALL(%(profiled)s::uuid[]) FROM sent
        WHERE NOT EXISTS (
            SELECT FROM {events} earlier
            WHERE earlier.visitor_id = sent.visitor_id AND earlier.event_id = sent.event_id
              AND earlier.at >= %(horizon)s
        )
        ORDER BY number
        RETURNING visitor_id, {columns}
    ), seen AS (
        SELECT * FROM new WHERE visitor_id = ANY(%(counted)s::uuid[])
    ), {counters}, {counts}
    SELECT count(*) FROM new
"""


def record_events(visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> int:
    """Append a validated batch; the number of events that were new. 0 where the visitor is gone.

    Sent again, a batch changes nothing. Raises `InvalidField` where a page went away in this very moment.
    """
    try:
        return _record([(visitor_id, events)])
    except IntegrityError as error:
        raise InvalidField("events", _("A page was deleted just now. Leave its events out.")) from error


def record_batches(batches: Sequence[Batch]) -> int:
    """Append the validated batches of many visitors in one transaction; the number of events that were new.

    For what was validated some time ago: visitors and pages that are gone by now are left out. Raises
    `IntegrityError` where a page goes away in this very moment; written again, the batches change nothing twice.
    """
    page_ids = {event.page_id for _visitor_id, events in batches for event in events}
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids)
    known = set(pages.order_by().values_list("pk", flat=True))
    return _record(
        [(visitor_id, [event for event in events if event.page_id in known]) for visitor_id, events in batches]
    )


@transaction.atomic
def _record(batches: Sequence[Batch]) -> int:
    purposes = _lock({visitor_id for visitor_id, _events in batches})
    rows = [
        (visitor_id, *_values(event, is_profiled="personalization" in purposes[visitor_id]))
        for visitor_id, events in batches
        if visitor_id in purposes
        for event in events
    ]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_statement(), _parameters(rows, purposes))
        (recorded,) = cursor.fetchone()
    # Foreign keys are checked at commit otherwise, too late for an answer that says what is wrong.
    connection.check_constraints()
    return int(recorded)


def _lock(visitor_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Collection[str]]:
    """What those who still exist said yes to.

    Waits for another batch of the same visitors or a change to their consent, and makes such others wait.
    """
    visitors = Visitor.objects.select_for_update(no_key=True).filter(pk__in=visitor_ids).order_by("pk")
    return dict(visitors.values_list("pk", "purposes"))


def _values(event: EventRecord, *, is_profiled: bool) -> tuple[Any, ...]:
    """The event as a row. Without a profile, no slate was chosen by one."""
    return _values_of(event if is_profiled else replace(event, slate_id=None))


def _parameters(rows: Sequence[tuple[Any, ...]], purposes: Mapping[uuid.UUID, Collection[str]]) -> dict[str, Any]:
    values = dict(zip(("visitor_id", *COLUMNS), map(list, zip(*rows, strict=True)), strict=True))
    # A request may come again, word for word, until its events are too old to be taken; each time they seem younger.
    longest = timedelta(hours=settings.EVENTS_MAX_AGE_HOURS)
    return {
        **values,
        "profiled": [visitor_id for visitor_id, granted in purposes.items() if "personalization" in granted],
        "counted": [visitor_id for visitor_id, granted in purposes.items() if "analytics" in granted],
        "horizon": min(timezone.now() - longest, *values["at"]) - longest,
        **counters.parameters(),
        **counts.parameters(),
    }


def _statement() -> str:
    events = connection.ops.quote_name(Event._meta.db_table)
    return _RECORD.format(
        arrays=", ".join(f"%({name})s::{kind}[]" for name, kind in [("visitor_id", "uuid"), *COLUMNS.items()]),
        columns=", ".join(COLUMNS),
        events=events,
        counters=counters.with_counted(events),
        counts=counts.with_counted(events),
    )
