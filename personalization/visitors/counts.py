"""How often what happened, by hour and without visitors: counted as events are written, kept when they are dropped."""

from __future__ import annotations

from django.db import connections
from django.utils import timezone

from personalization.models import EventCount

from .partitions import oldest_kept

_KEYS = "page_id, hour, kind, placement, device, country, referrer"
_ADD = f"""
    ON CONFLICT ({_KEYS}) DO UPDATE SET
        n = stored.n + excluded.n, readers = stored.readers + excluded.readers, value = stored.value + excluded.value
"""

# A visitor is a page's reader once a day, at the first view that arrives. Hours and days are the site's own.
_COUNTED = """
    marked AS (
        SELECT seen.*, date_trunc('hour', at, %(time_zone)s) AS hour, CASE WHEN kind = 'view' THEN
            row_number() OVER (PARTITION BY visitor_id, page_id, kind, date_trunc('day', at, %(time_zone)s)) = 1
            AND NOT EXISTS (
                SELECT FROM {events} earlier
                WHERE earlier.visitor_id = seen.visitor_id AND earlier.kind = 'view'
                  AND earlier.page_id = seen.page_id AND earlier.at >= %(horizon)s
                  AND earlier.at BETWEEN seen.at - interval '25 hours' AND seen.at + interval '25 hours'
                  AND date_trunc('day', earlier.at, %(time_zone)s) = date_trunc('day', seen.at, %(time_zone)s)
            ) END AS is_reader
        FROM seen
    ), counts AS (
        INSERT INTO {counts} AS stored ({keys}, n, readers, value)
        SELECT {keys}, count(*), count(*) FILTER (WHERE is_reader), coalesce(sum(value), 0)
        FROM marked GROUP BY {keys} ORDER BY {keys}
        {add}
    )
"""

_ROLL_UP = """
    WITH hours AS (
        DELETE FROM {counts} WHERE hour < %(before)s AND hour <> date_trunc('day', hour, %(time_zone)s) RETURNING *
    )
    INSERT INTO {counts} AS stored ({keys}, n, readers, value)
    SELECT page_id, date_trunc('day', hour, %(time_zone)s), kind, placement, device, country, referrer,
           sum(n), sum(readers), sum(value)
    FROM hours GROUP BY 1, 2, 3, 4, 5, 6, 7
    {add}
"""


def with_counted(events: str) -> str:
    """The part of a statement that counts its rows `seen`. `events` is the quoted table, without those rows."""
    return _COUNTED.format(events=events, **_names())


def parameters() -> dict[str, str]:
    """What that part takes, beside the `horizon` before which no event of these visitors can be of the same day."""
    return {"time_zone": timezone.get_default_timezone_name()}


def roll_up(using: str = "default") -> None:
    """Of what happened before single events were dropped, keep counts by the day."""
    before = oldest_kept(timezone.now())
    with connections[using].cursor() as cursor:
        cursor.execute(_ROLL_UP.format(**_names()), {"before": before, **parameters()})


def _names() -> dict[str, str]:
    table = connections["default"].ops.quote_name(EventCount._meta.db_table)
    return {"counts": table, "keys": _KEYS, "add": _ADD}
