"""How much each page was read lately: one decayed number a page, added to in the database itself."""

from __future__ import annotations

from django.db import connection

from personalization.conf import settings
from personalization.models import PageCounter

# A reader counts once for a page and hour, the hour being that in which the page was read. A view that
# arrives late is worth what is left of it: both sides of the sum are decayed to the later of the two moments.
_COUNTED = """
    reading AS (
        SELECT visitor_id, page_id, min(at) AS at FROM seen WHERE kind = 'view'
        GROUP BY visitor_id, page_id, date_trunc('hour', at)
    ), counted AS (
        SELECT page_id, at FROM reading WHERE NOT EXISTS (
            SELECT FROM {events} earlier
            WHERE earlier.visitor_id = reading.visitor_id AND earlier.kind = 'view'
              AND earlier.page_id = reading.page_id AND earlier.at >= %(horizon)s
              AND earlier.at >= date_trunc('hour', reading.at)
              AND earlier.at < date_trunc('hour', reading.at) + interval '1 hour'
            OFFSET 0
        )
    ), page AS (
        SELECT page_id, max(at) AS as_of, count(*) AS total FROM counted GROUP BY page_id
    ), addition AS (
        SELECT page.page_id, page.as_of, page.total,
               sum({decay}) AS score
        FROM page JOIN counted USING (page_id)
        GROUP BY page.page_id, page.as_of, page.total
        ORDER BY page.page_id
    ), counters AS (
        INSERT INTO {counters} AS counter (page_id, score, as_of, total)
        SELECT page_id, score, as_of, total FROM addition
        ON CONFLICT (page_id) DO UPDATE SET
            score = counter.score * {decay_old} + excluded.score * {decay_new},
            as_of = greatest(counter.as_of, excluded.as_of),
            total = counter.total + excluded.total
    )
"""


def with_counted(events: str) -> str:
    """The part of a statement that adds the views among its rows `seen` to their pages' counters.

    `events` is the quoted table; none of its rows that the statement sees are among the new ones.
    """
    latest = "greatest(counter.as_of, excluded.as_of)"
    return _COUNTED.format(
        events=events,
        counters=connection.ops.quote_name(PageCounter._meta.db_table),
        decay=_decay("page.as_of", "counted.at"),
        decay_old=_decay(latest, "counter.as_of"),
        decay_new=_decay(latest, "excluded.as_of"),
    )


def parameters() -> dict[str, float]:
    """What that part takes, beside the `horizon` before which no event of these visitors can be of the same hour."""
    return {"half_life": settings.TRENDING_HALF_LIFE_HOURS * 3600.0}


def _decay(later: str, earlier: str) -> str:
    # An exponent beyond some hundreds is an underflow error in Postgres, not 0.
    age = f"extract(epoch FROM {later} - {earlier})::float8"
    return f"power(0.5::float8, least(500, {age} / %(half_life)s))"
