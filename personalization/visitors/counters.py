"""How much each page was read lately: one decayed number a page, added to in the database itself."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import connection

from personalization.conf import settings
from personalization.models import Event, PageCounter
from personalization.types import EventRecord

# A reader counts once for a page and hour, the hour being that in which the page was read. A view that
# arrives late is worth what is left of it: both sides of the sum are decayed to the later of the two moments.
_COUNT = """
    WITH reading AS (
        SELECT page_id, min(at) AS at
        FROM unnest(%(pages)s::bigint[], %(times)s::timestamptz[]) AS row (page_id, at)
        GROUP BY page_id, date_trunc('hour', at)
    ), counted AS (
        SELECT page_id, at FROM reading WHERE NOT EXISTS (
            SELECT FROM {events} earlier
            WHERE earlier.visitor_id = %(visitor)s AND earlier.kind = 'view' AND earlier.page_id = reading.page_id
              AND earlier.at >= date_trunc('hour', reading.at)
              AND earlier.at < date_trunc('hour', reading.at) + interval '1 hour'
              AND earlier.event_id <> ALL(%(ids)s::uuid[])
        )
    ), page AS (
        SELECT page_id, max(at) AS as_of, count(*) AS total FROM counted GROUP BY page_id
    ), addition AS (
        SELECT page.page_id, page.as_of, page.total,
               sum({decay}) AS score
        FROM page JOIN counted USING (page_id)
        GROUP BY page.page_id, page.as_of, page.total
        ORDER BY page.page_id
    )
    INSERT INTO {counters} AS counter (page_id, score, as_of, total)
    SELECT page_id, score, as_of, total FROM addition
    ON CONFLICT (page_id) DO UPDATE SET
        score = counter.score * {decay_old} + excluded.score * {decay_new},
        as_of = greatest(counter.as_of, excluded.as_of),
        total = counter.total + excluded.total
"""


def count_views(visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> None:
    """Add the views among these newly stored events to their pages' counters."""
    views = [event for event in events if event.kind == "view"]
    if not views:
        return
    parameters = {
        "visitor": visitor_id,
        "ids": [event.event_id for event in views],
        "pages": [event.page_id for event in views],
        "times": [event.at for event in views],
        "half_life": settings.TRENDING_HALF_LIFE_HOURS * 3600.0,
    }
    with connection.cursor() as cursor:
        cursor.execute(_statement(), parameters)


def _statement() -> str:
    latest = "greatest(counter.as_of, excluded.as_of)"
    return _COUNT.format(
        events=connection.ops.quote_name(Event._meta.db_table),
        counters=connection.ops.quote_name(PageCounter._meta.db_table),
        decay=_decay("page.as_of", "counted.at"),
        decay_old=_decay(latest, "counter.as_of"),
        decay_new=_decay(latest, "excluded.as_of"),
    )


def _decay(later: str, earlier: str) -> str:
    # An exponent beyond some hundreds is an underflow error in Postgres, not 0.
    age = f"extract(epoch FROM {later} - {earlier})::float8"
    return f"power(0.5::float8, least(500, {age} / %(half_life)s))"
