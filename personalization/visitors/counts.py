"""How often what happened, by hour and without visitors: counted as events are written, kept when they are dropped."""

from __future__ import annotations

from django.db import connections
from django.utils import timezone

from personalization.models import EventCount

from .partitions import oldest_kept

_DAY = "date_trunc('day', at, %(time_zone)s::text)"
_KEYS = "page_id, hour, kind, placement, device, country, referrer"
_ADD = f"""
    ON CONFLICT ({_KEYS}) DO UPDATE SET
        n = stored.n + excluded.n, readers = stored.readers + excluded.readers, value = stored.value + excluded.value
"""

# A visitor is a page's reader once a day, at the first view that arrives. Hours and days are the site's own.
_COUNTED = """
    earlier AS (
        SELECT DISTINCT visitor_id, page_id, {day} AS day FROM known
    ), marked AS (
        SELECT seen.*, date_trunc('hour', at, %(time_zone)s::text) AS hour, CASE WHEN kind = 'view' THEN
            earlier.day IS NULL
            AND row_number() OVER (PARTITION BY seen.visitor_id, seen.page_id, kind, {day} ORDER BY id) = 1
            END AS is_reader
        FROM seen LEFT JOIN earlier
            ON earlier.visitor_id = seen.visitor_id AND earlier.page_id = seen.page_id AND earlier.day = {day}
    ), counts AS (
        INSERT INTO {counts} AS stored ({keys}, n, readers, value)
        SELECT {keys}, count(*), count(*) FILTER (WHERE is_reader), coalesce(sum(value), 0)
        FROM marked GROUP BY {keys} ORDER BY {keys}
        {add}
    )
"""

_ROLL_UP = """
    WITH hours AS (
        DELETE FROM {counts}
        WHERE hour < %(before)s AND hour <> date_trunc('day', hour, %(time_zone)s::text) RETURNING *
    )
    INSERT INTO {counts} AS stored ({keys}, n, readers, value)
    SELECT page_id, date_trunc('day', hour, %(time_zone)s::text), kind, placement, device, country, referrer,
           sum(n), sum(readers), sum(value)
    FROM hours GROUP BY 1, 2, 3, 4, 5, 6, 7
    {add}
"""


def with_counted(events: str) -> str:
    """The part of a statement that counts its rows `seen`; `known` are the earlier views that `counters` left behind.

    `events` is the quoted table, without those rows.
    """
    return _COUNTED.format(day=_DAY, **_names())


def parameters() -> dict[str, str]:
    """What that part takes."""
    return {"time_zone": timezone.get_default_timezone_name()}


def roll_up(using: str = "default") -> None:
    """Of what happened before single events were dropped, keep counts by the day."""
    before = oldest_kept(timezone.now())
    with connections[using].cursor() as cursor:
        cursor.execute(_ROLL_UP.format(**_names()), {"before": before, **parameters()})


def _names() -> dict[str, str]:
    table = connections["default"].ops.quote_name(EventCount._meta.db_table)
    return {"counts": table, "keys": _KEYS, "add": _ADD}
