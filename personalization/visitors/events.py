"""Writes what a browser reported: all of a batch or nothing, and each event once."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from personalization.exceptions import InvalidField
from personalization.models import Event, Visitor
from personalization.types import EventRecord

from . import counters

_INSERT = """
    INSERT INTO {table}
        (event_id, visitor_id, kind, page_id, at, received_at, value, slate_id, placement, position, device,
         is_folded)
    SELECT event_id, %s, kind, page_id, at, now(), value, slate_id, placement, position, device,
           kind = 'impression' OR NOT %s
    FROM unnest(%s::uuid[], %s::text[], %s::bigint[], %s::timestamptz[], %s::float8[], %s::uuid[], %s::text[],
                %s::smallint[], %s::text[])
        AS row (event_id, kind, page_id, at, value, slate_id, placement, position, device)
    ON CONFLICT (visitor_id, event_id) DO NOTHING
    RETURNING event_id
"""


def record_events(visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> int:
    """Append a validated batch; the number of events that were new. 0 where the visitor is gone.

    Sent again, a batch changes nothing. Raises `InvalidField` where a page went away in this very moment.
    """
    try:
        with transaction.atomic():
            # Waits for another batch of the same visitor, or for the withdrawal of their consent.
            locked = Visitor.objects.select_for_update(no_key=True).filter(pk=visitor_id)
            purposes = locked.values_list("purposes", flat=True).first()
            if not purposes:
                return 0
            new = _insert(visitor_id, events, is_profiled="personalization" in purposes)
            # Foreign keys are checked at commit otherwise, too late for an answer that says what is wrong.
            connection.check_constraints()
            if "analytics" in purposes:
                counters.count_views(visitor_id, [event for event in events if event.event_id in new])
    except IntegrityError as error:
        raise InvalidField("events", _("A page was deleted just now. Leave its events out.")) from error
    return len(new)


def _insert(visitor_id: uuid.UUID, events: Sequence[EventRecord], *, is_profiled: bool) -> Collection[uuid.UUID]:
    """Write what is new. Without a profile there is none to fold them into, and no slate was chosen by one."""
    columns: list[list[Any]] = [
        [event.event_id for event in events],
        [event.kind for event in events],
        [event.page_id for event in events],
        [event.at for event in events],
        [event.value for event in events],
        [event.slate_id if is_profiled else None for event in events],
        [event.placement for event in events],
        [event.position for event in events],
        [event.device for event in events],
    ]
    insert = _INSERT.format(table=connection.ops.quote_name(Event._meta.db_table))
    with connection.cursor() as cursor:
        cursor.execute(insert, [visitor_id, is_profiled, *columns])
        return {row[0] for row in cursor.fetchall()}
