"""Writes what browsers reported: all of a batch or nothing, and each event once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import swapper
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from personalization.conf import settings
from personalization.exceptions import InvalidField
from personalization.models import Event, Visitor
from personalization.types import EventRecord

from . import counters, counts, serialization

# One statement, so that what counts the new rows doesn't see them among the earlier ones. The visitor's row is locked
# before it begins: nothing of the same visitor can be written meanwhile, so that looking for an event is enough to
# keep it from being stored twice, in whichever partition it is. OFFSET 0 has each looked up by the index, however many
# the planner believes to come: it would rather read all that was stored in the last days.
_RECORD = """
    WITH sent AS (
        SELECT DISTINCT ON (visitor_id, event_id) * FROM {rows}
        ORDER BY visitor_id, event_id, number
    ), new AS (
        INSERT INTO {events} (visitor_id, {columns}, received_at, is_folded)
        SELECT visitor_id, {values}, now(), kind = 'impression' OR visitor_id <> ALL(%(profiled)s::uuid[]) FROM sent
        WHERE NOT EXISTS (
            SELECT FROM {events} earlier
            WHERE earlier.visitor_id = sent.visitor_id AND earlier.event_id = sent.event_id
              AND earlier.at >= %(horizon)s
            OFFSET 0
        )
        ORDER BY number
        RETURNING visitor_id, {columns}
    ), seen AS (
        SELECT * FROM new WHERE visitor_id = ANY(%(counted)s::uuid[])
    ), {counters}, {counts}
    SELECT count(*) FROM new
"""

# Without a profile, no slate was chosen by one.
_OWN_SLATE = "CASE WHEN visitor_id = ANY(%(profiled)s::uuid[]) THEN slate_id END"

# What a request brings, and what waited elsewhere: the latter in a table of this session's, which COPY fills faster.
_BROUGHT = """
    (SELECT %(visitor)s::uuid AS visitor_id, {values}, number
     FROM jsonb_array_elements(%(events)s::jsonb) WITH ORDINALITY AS element (event, number)) AS row
"""
_WAITING = """
    (SELECT visitor_id, {values}, number FROM affinity_waiting, jsonb_array_elements(events)
        WITH ORDINALITY AS element (event, number)) AS row
    WHERE page_id IS NULL OR EXISTS (SELECT FROM {pages} page WHERE page.id = row.page_id)
"""
_EARLIEST_WAITING = "SELECT min({moment}) FROM affinity_waiting, jsonb_array_elements(events) AS event"
_MAKE_WAITING = """
    CREATE TEMPORARY TABLE IF NOT EXISTS affinity_waiting (visitor_id uuid, events jsonb) ON COMMIT DELETE ROWS;
    TRUNCATE affinity_waiting
"""


def record_events(visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> int:
    """Append a validated batch; the number of events that were new. 0 where the visitor is gone.

    Sent again, a batch changes nothing. Raises `InvalidField` where a page went away in this very moment.
    """
    try:
        with _transaction():
            return _record(visitor_id, events)
    except IntegrityError as error:
        raise InvalidField("events", _("A page was deleted just now. Leave its events out.")) from error


def record_batches(batches: Sequence[tuple[uuid.UUID, Sequence[EventRecord]]]) -> int:
    """Append the validated batches of many visitors in one transaction; the number of events that were new.

    For what was validated some time ago: visitors and pages that are gone by now are left out. Raises
    `IntegrityError` where a page goes away in this very moment; written again, the batches change nothing twice.
    """
    return record_waiting([(visitor_id, serialization.dump(events)) for visitor_id, events in batches])


def record_waiting(batches: Sequence[tuple[uuid.UUID, str]]) -> int:
    """`record_batches` for batches that waited as text, by `serialization.dump`, and never become objects again.

    Raises `DataError` where a text is no batch.
    """
    with _transaction():
        return _record_waiting(batches)


def _record_waiting(batches: Sequence[tuple[uuid.UUID, str]]) -> int:
    purposes = _lock({visitor_id for visitor_id, _events in batches})
    present = [(visitor_id, events) for visitor_id, events in batches if visitor_id in purposes]
    if not present:
        return 0
    earliest = _stage(present)
    return _insert(_WAITING, _parameters(purposes, earliest))


def _stage(batches: Sequence[tuple[uuid.UUID, str]]) -> datetime:
    """Put the batches where `_WAITING` finds them; when the earliest event was."""
    lines = "".join(f"{visitor_id}\t{_escaped(events)}\n" for visitor_id, events in batches)
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_WAITING)
        with connection.wrap_database_errors, cursor.copy("COPY affinity_waiting FROM STDIN") as copy:
            copy.write(lines)
        cursor.execute(_EARLIEST_WAITING.format(moment=serialization.moment_from("event")))
        (earliest,) = cursor.fetchone()
    return earliest or timezone.now()


def _escaped(text: str) -> str:
    """As COPY takes a value."""
    return text.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


@contextmanager
def _transaction() -> Iterator[None]:
    is_nested = connection.in_atomic_block
    with transaction.atomic():
        yield
        if is_nested:
            # Foreign keys are checked at the commit, which is somebody else's here: too late for an answer of ours.
            connection.check_constraints()


def _record(visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> int:
    purposes = _lock({visitor_id})
    if not purposes or not events:
        return 0
    parameters = _parameters(purposes, min(event.at for event in events))
    return _insert(_BROUGHT, {**parameters, "visitor": visitor_id, "events": serialization.dump(events)})


def _insert(rows: str, parameters: Mapping[str, Any]) -> int:
    """Run the statement over these rows; how many of them were new."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(rows), parameters)
        (recorded,) = cursor.fetchone()
    return int(recorded)


@lru_cache(maxsize=2)
def _statement(rows: str) -> str:
    quote = connection.ops.quote_name
    events, pages = quote(Event._meta.db_table), quote(swapper.load_model("wagtailcore", "Page")._meta.db_table)
    columns = ", ".join(serialization.COLUMNS)
    return _RECORD.format(
        rows=rows.format(values=serialization.columns_from("event"), pages=pages),
        columns=columns,
        values=columns.replace("slate_id", _OWN_SLATE),
        events=events,
        counters=counters.with_counted(events),
        counts=counts.with_counted(events),
    )


def _lock(visitor_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Collection[str]]:
    """What those who still exist said yes to.

    Waits for another batch of the same visitors or a change to their consent, and makes such others wait.
    """
    visitors = Visitor.objects.select_for_update(no_key=True).filter(pk__in=visitor_ids).order_by("pk")
    return dict(visitors.values_list("pk", "purposes"))


def _parameters(purposes: Mapping[uuid.UUID, Collection[str]], earliest: datetime) -> dict[str, Any]:
    # A request may come again, word for word, until its events are too old to be taken; each time they seem younger.
    longest = timedelta(hours=settings.EVENTS_MAX_AGE_HOURS)
    return {
        "profiled": [visitor_id for visitor_id, granted in purposes.items() if "personalization" in granted],
        "counted": [visitor_id for visitor_id, granted in purposes.items() if "analytics" in granted],
        "horizon": min(timezone.now() - longest, earliest) - longest,
        **counters.parameters(),
        **counts.parameters(),
    }
