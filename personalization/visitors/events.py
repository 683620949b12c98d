"""Writes what browsers reported: all of a batch or nothing, and each event once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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

from . import counters, counts, serialization, statements
from .together import Together

# One statement, so that what counts the new rows doesn't see them among the earlier ones. The visitor's row is locked
# before it begins: nothing of the same visitor can be written meanwhile, so that looking for an event is enough to
# keep it from being stored twice, in whichever partition it is. OFFSET 0 has each looked up by the index, however many
# the planner believes to come: it would rather read all that was stored in the last days, or all visitors.
_RECORD = """
    WITH sent AS (
        SELECT DISTINCT ON (visitor_id, event_id) *,
               'personalization' = ANY(purposes) AS has_profile, 'analytics' = ANY(purposes) AS is_counted
        FROM {rows}
        ORDER BY visitor_id, event_id, number
    ), new AS (
        INSERT INTO {events} (visitor_id, {columns}, received_at, is_folded)
        SELECT visitor_id, {values}, now(), kind = 'impression' OR NOT has_profile FROM sent
        WHERE NOT EXISTS (
            SELECT FROM {events} earlier
            WHERE earlier.visitor_id = sent.visitor_id AND earlier.event_id = sent.event_id
              AND earlier.at >= %(horizon)s
            OFFSET 0
        )
        ORDER BY number
        RETURNING id, visitor_id, {columns}
    ), seen AS (
        SELECT * FROM new WHERE visitor_id IN (SELECT visitor_id FROM sent WHERE is_counted)
    ), {counters}, {counts}
    SELECT visitor_id, count(*) FROM new GROUP BY visitor_id
"""

# Without a profile, no slate was chosen by one.
_OWN_SLATE = "CASE WHEN has_profile THEN slate_id END"

# What requests bring, and what waited elsewhere: the latter in a table of this session's, which COPY fills faster.
_BROUGHT = """
    (SELECT visitor.id AS visitor_id, purposes, {values}, number
     FROM jsonb_array_elements(%(batches)s::jsonb) AS batch,
        LATERAL (SELECT id, purposes FROM {visitors} WHERE id = (batch ->> 0)::uuid OFFSET 0) AS visitor,
        jsonb_array_elements(batch -> 1) WITH ORDINALITY AS element (event, number)) AS row
"""
_WAITING = """
    (SELECT visitor_id, purposes, {values}, number FROM affinity_waiting,
        LATERAL (SELECT purposes FROM {visitors} WHERE id = visitor_id OFFSET 0) AS visitor,
        jsonb_array_elements(events) WITH ORDINALITY AS element (event, number)) AS row
    WHERE page_id IS NULL OR EXISTS (SELECT FROM {pages} page WHERE page.id = row.page_id)
"""
_EARLIEST_WAITING = "SELECT min({moment}) FROM affinity_waiting, jsonb_array_elements(events) AS event"
_MAKE_WAITING = """
    CREATE TEMPORARY TABLE IF NOT EXISTS affinity_waiting (visitor_id uuid, events jsonb) ON COMMIT DELETE ROWS;
    TRUNCATE affinity_waiting
"""

# Waits for another batch of the same visitors or a change to their consent, and makes such others wait.
_LOCK = "SELECT FROM {visitors} WHERE id = ANY({visitor_ids}) ORDER BY id FOR NO KEY UPDATE"


def record_events(visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> int:
    """Append a validated batch; the number of events that were new. 0 where the visitor is gone.

    Sent again, a batch changes nothing. Raises `InvalidField` where a page went away in this very moment.
    """
    if not events:
        return 0
    batch = _Batch(serialization.dump(events), min(event.at for event in events))
    try:
        if connection.in_atomic_block:
            with _transaction():
                return _record({visitor_id: batch})[visitor_id]
        return _together.write(visitor_id, batch)
    except IntegrityError as error:
        raise InvalidField("events", _("A page was deleted just now. Leave its events out.")) from error


@dataclass(frozen=True, slots=True)
class _Batch:
    """One visitor's events as text, and when the earliest of them was."""

    text: str
    earliest: datetime


def _record(batches: Mapping[uuid.UUID, _Batch]) -> dict[uuid.UUID, int]:
    """How many events of each visitor's batch were new. Outside of a transaction, the message is one."""
    visitors = list(batches)
    texts = ",".join(f'["{visitor_id.hex}",{batch.text}]' for visitor_id, batch in batches.items())
    parameters = _parameters(min(batch.earliest for batch in batches.values()))
    brought = {"visitors": visitors, "batches": f"[{texts}]"}
    new = statements.fetch(_statement(_BROUGHT), {**brought, **parameters}, lock=_lock("%(visitors)s"))
    return {**dict.fromkeys(visitors, 0), **dict(new)}


_together = Together(_record, alone=(IntegrityError,))


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
    if not batches:
        return 0
    with _transaction(), connection.cursor() as cursor:
        cursor.execute(_lock("%s"), [sorted({visitor_id for visitor_id, _events in batches})])
        earliest = _stage(batches)
        new = statements.fetch(_statement(_WAITING), _parameters(earliest))
    return sum(recorded for _visitor_id, recorded in new)


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


@lru_cache(maxsize=2)
def _statement(rows: str) -> str:
    quote = connection.ops.quote_name
    events, pages = quote(Event._meta.db_table), quote(swapper.load_model("wagtailcore", "Page")._meta.db_table)
    columns = ", ".join(serialization.COLUMNS)
    return _RECORD.format(
        rows=rows.format(
            values=serialization.columns_from("event"), visitors=quote(Visitor._meta.db_table), pages=pages
        ),
        columns=columns,
        values=columns.replace("slate_id", _OWN_SLATE),
        events=events,
        counters=counters.with_counted(events),
        counts=counts.with_counted(events),
    )


@lru_cache(maxsize=2)
def _lock(visitor_ids: str) -> str:
    return _LOCK.format(visitors=connection.ops.quote_name(Visitor._meta.db_table), visitor_ids=visitor_ids)


def _parameters(earliest: datetime) -> dict[str, Any]:
    # A request may come again, word for word, until its events are too old to be taken; each time they seem younger.
    longest = timedelta(hours=settings.EVENTS_MAX_AGE_HOURS)
    horizon = min(timezone.now() - longest, earliest) - longest
    return {"horizon": horizon, **counters.parameters(), **counts.parameters()}
