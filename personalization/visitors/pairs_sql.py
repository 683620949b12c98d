"""The statements that make sessions of views, and pairs of pages of sessions. Each reads what the one before left.

They work on visitors in bulk. What a session counted for is taken back and counted again where its views are no longer
those that `SessionRead` has: so that a view which arrives late, or is the session's next, leaves what one count of all
would have made.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, models

from personalization.models import Event, PagePair, SessionRead, Visitor
from personalization.recommendation.history import covisits

from . import counters

LONGEST: Final = 100
"""Views. After so many a new session begins, however fast they follow one another."""

_COLUMNS: Final = "visitor_id, at, page_id, session, is_first, last_at"

PREPARE: Final = """
    CREATE TEMPORARY TABLE IF NOT EXISTS affinity_touched (visitor_id uuid PRIMARY KEY, since timestamptz)
        ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS affinity_fresh (
        visitor_id uuid, at timestamptz, page_id bigint, session timestamptz, is_first bool, last_at timestamptz,
        referrer text, device text, is_counted bool) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS affinity_stale (
        visitor_id uuid, at timestamptz, page_id bigint, session timestamptz, is_first bool, last_at timestamptz
        ) ON COMMIT DELETE ROWS;
    CREATE TEMPORARY TABLE IF NOT EXISTS affinity_changed (visitor_id uuid, session timestamptz)
        ON COMMIT DELETE ROWS;
    TRUNCATE affinity_touched, affinity_fresh, affinity_stale, affinity_changed
"""

# Visitors are locked against deletion, in one order, and without keeping their events waiting.
_TOUCHED: Final = """
    INSERT INTO affinity_touched
    SELECT id, since FROM (
        SELECT visitor.id, came.since FROM (
            SELECT visitor_id, min(at) AS since FROM {events}
            WHERE kind = 'view' AND id > %(after)s AND id <= %(until)s GROUP BY visitor_id
        ) AS came JOIN {visitors} AS visitor ON visitor.id = came.visitor_id
        WHERE 'analytics' = ANY(visitor.purposes) ORDER BY visitor.id FOR KEY SHARE OF visitor
    ) AS visitor
"""
_ALL_TOUCHED: Final = """
    INSERT INTO affinity_touched
    SELECT id, 'epoch' FROM (
        SELECT id FROM {visitors}
        WHERE 'analytics' = ANY(purposes) AND id > %(after)s ORDER BY id LIMIT %(limit)s FOR KEY SHARE
    ) AS visitor
"""

# From the beginning of the first session that the new views may be part of.
_WIDENED: Final = """
    UPDATE affinity_touched AS touched SET since = least(since, (
        SELECT min(read.session) FROM {reads} AS read
        WHERE read.visitor_id = touched.visitor_id AND read.at >= touched.since - %(gap)s::interval
    ))
"""

_STALE: Final = """
    INSERT INTO affinity_stale
    SELECT {columns} FROM {reads} JOIN affinity_touched USING (visitor_id) WHERE session >= since
"""

_FRESH: Final = """
    INSERT INTO affinity_fresh
    WITH viewed AS (
        SELECT view.* FROM affinity_touched AS touched, LATERAL (
            SELECT id, visitor_id, page_id, at, referrer, device FROM {events}
            WHERE visitor_id = touched.visitor_id AND kind = 'view'
              AND at >= date_bin('1 hour', touched.since, 'epoch')
            OFFSET 0
        ) AS view
    ), known AS (
        SELECT * FROM viewed WHERE false
    ), {counted}, credible AS (
        SELECT DISTINCT ON (visitor_id, at, page_id)
               viewed.*, viewed.id = numbered.id AS is_counted
        FROM viewed JOIN numbered USING (visitor_id, page_id) JOIN affinity_touched USING (visitor_id)
        WHERE numbered.hour = date_bin('1 hour', viewed.at, 'epoch') AND {is_credible} AND viewed.at >= since
        ORDER BY visitor_id, at, page_id, viewed.id
    ), paused AS (
        SELECT *, coalesce(at - lag(at) OVER visitor > %(gap)s::interval, true) AS is_start
        FROM credible WINDOW visitor AS (PARTITION BY visitor_id ORDER BY at, page_id)
    ), visited AS (
        SELECT *, count(*) FILTER (WHERE is_start) OVER (PARTITION BY visitor_id ORDER BY at, page_id) AS visit
        FROM paused
    ), cut AS (
        SELECT *, (row_number() OVER (PARTITION BY visitor_id, visit ORDER BY at, page_id) - 1) / {longest} AS part
        FROM visited
    )
    SELECT visitor_id, at, page_id, min(at) OVER whole,
           row_number() OVER (PARTITION BY visitor_id, visit, part, page_id ORDER BY at) = 1, max(at) OVER whole,
           referrer, device, is_counted
    FROM cut WINDOW whole AS (PARTITION BY visitor_id, visit, part)
"""

_CHANGED: Final = """
    INSERT INTO affinity_changed
    SELECT DISTINCT visitor_id, session FROM (
        (SELECT {columns} FROM affinity_fresh EXCEPT SELECT {columns} FROM affinity_stale)
        UNION ALL
        (SELECT {columns} FROM affinity_stale EXCEPT SELECT {columns} FROM affinity_fresh)
    ) AS read
"""

ALL_CHANGED: Final = """
    INSERT INTO affinity_changed
    SELECT DISTINCT visitor_id, session FROM affinity_fresh UNION SELECT visitor_id, session FROM affinity_stale
"""

ANALYZE: Final = "ANALYZE affinity_touched, affinity_fresh, affinity_stale, affinity_changed"

_PAIRED: Final = """
    WITH read AS (
        SELECT 1 AS sign, {columns} FROM affinity_fresh JOIN affinity_changed USING (visitor_id, session)
        UNION ALL
        SELECT -1, {columns} FROM affinity_stale JOIN affinity_changed USING (visitor_id, session)
        WHERE %(takes_back)s
    ), first AS (
        SELECT *, row_number() OVER (PARTITION BY sign, visitor_id, session ORDER BY at, page_id) AS n
        FROM read WHERE is_first
    ), step AS (
        SELECT sign, at, page_id, lag(page_id) OVER pages AS one, lag(page_id, 2) OVER pages AS two,
               lag(page_id, 3) OVER pages AS three
        FROM read WINDOW pages AS (PARTITION BY sign, visitor_id, session ORDER BY at, page_id)
    ), gone AS (
        SELECT sign, at, page_id, one AS source, 1 AS views FROM step WHERE one <> page_id
        UNION ALL SELECT sign, at, page_id, two, 2 FROM step WHERE one <> page_id AND two <> page_id
        UNION ALL SELECT sign, at, page_id, three, 3 FROM step WHERE one <> page_id AND three <> page_id
    ), part (source_id, target_id, at, together, steps, leaps, far_leaps) AS (
        SELECT earlier.page_id, later.page_id, later.at,
               later.sign * power({a_step}::float8, later.n - earlier.n - 1), 0, 0, 0
        FROM first AS earlier JOIN first AS later USING (sign, visitor_id, session)
        WHERE later.n > earlier.n AND later.n <= earlier.n + {reach}
        UNION ALL SELECT page_id, page_id, at, sign, 0, 0, 0 FROM first
        UNION ALL
        SELECT source, way.target, at, 0, sign * (views = 1)::int, sign * (views = 2)::int, sign * (views = 3)::int
        FROM gone, LATERAL (VALUES (page_id), (source)) AS way (target)
    ), dated AS (
        SELECT *, max(at) OVER (PARTITION BY source_id, target_id) AS as_of FROM part
    ), aged AS (
        SELECT *, {age} AS weight FROM dated
    ), summed AS (
        SELECT source_id, target_id, as_of, sum(together * weight) AS together, sum(together) AS together_total,
               sum(steps * weight) AS steps, sum(steps) AS steps_total, sum(leaps * weight) AS leaps,
               sum(far_leaps * weight) AS far_leaps
        FROM aged GROUP BY source_id, target_id, as_of
    )
    INSERT INTO {pairs} AS pair
        (source_id, target_id, as_of, together, together_total, steps, steps_total, leaps, far_leaps)
    SELECT source_id, target_id, as_of, together, together_total, steps, steps_total, leaps, far_leaps FROM summed
    WHERE greatest(abs(together), abs(together_total), abs(steps), abs(steps_total), abs(leaps), abs(far_leaps)) > 1e-9
    ORDER BY source_id, target_id
    ON CONFLICT (source_id, target_id) DO UPDATE SET
        together = pair.together * {age_old} + excluded.together * {age_new},
        steps = pair.steps * {age_old} + excluded.steps * {age_new},
        leaps = pair.leaps * {age_old} + excluded.leaps * {age_new},
        far_leaps = pair.far_leaps * {age_old} + excluded.far_leaps * {age_new},
        together_total = pair.together_total + excluded.together_total,
        steps_total = pair.steps_total + excluded.steps_total,
        as_of = greatest(pair.as_of, excluded.as_of)
"""

_CLASSED: Final = """
    WITH viewed AS (
        SELECT NULL::bigint AS id, visitor_id, page_id, at, referrer, device FROM affinity_fresh AS fresh
        WHERE is_counted AND NOT EXISTS (
            SELECT FROM affinity_stale AS stale WHERE stale.visitor_id = fresh.visitor_id AND stale.at = fresh.at
              AND stale.page_id = fresh.page_id
        )
    ), counted AS (
        SELECT *, 1 AS n FROM viewed
    ), {half} {addition}
"""

_FORGET: Final = """
    DELETE FROM {reads} AS read USING affinity_changed AS changed
    WHERE read.visitor_id = changed.visitor_id AND read.session = changed.session
"""
_REMEMBER: Final = """
    INSERT INTO {reads} ({columns})
    SELECT {columns} FROM affinity_fresh JOIN affinity_changed USING (visitor_id, session)
"""

# Of a page with more others than are kept, those by which it is neither among the source's nor the target's strongest.
_TRIM: Final = """
    WITH crowded AS (
        SELECT source_id AS page_id FROM {pairs} GROUP BY source_id HAVING count(*) > 2 * %(most)s
        UNION SELECT target_id FROM {pairs} GROUP BY target_id HAVING count(*) > 2 * %(most)s
    ), ranked AS (
        SELECT source_id, target_id, row_number() OVER (PARTITION BY page_id ORDER BY strength DESC, other_id) AS rank
        FROM (
            SELECT source_id, target_id, source_id AS page_id, target_id AS other_id, {strength} AS strength
            FROM {pairs} WHERE source_id IN (SELECT page_id FROM crowded) AND source_id <> target_id
            UNION ALL
            SELECT source_id, target_id, target_id, source_id, {strength}
            FROM {pairs} WHERE target_id IN (SELECT page_id FROM crowded) AND source_id <> target_id
        ) AS side
    ), weak AS (
        SELECT source_id, target_id FROM ranked GROUP BY source_id, target_id HAVING min(rank) > %(most)s
    )
    DELETE FROM {pairs} AS pair USING weak
    WHERE pair.source_id = weak.source_id AND pair.target_id = weak.target_id
"""


def touched() -> str:
    """Visitors with views among the events numbered from `after` (without) `until`, and their first such view."""
    return _TOUCHED.format(events=quoted(Event), visitors=quoted(Visitor))


def all_touched() -> str:
    """The next `limit` visitors by id, with all that is kept of them."""
    return _ALL_TOUCHED.format(visitors=quoted(Visitor))


def widened() -> str:
    return _WIDENED.format(reads=quoted(SessionRead))


def stale() -> str:
    """Their sessions as they were counted."""
    return _STALE.format(columns=_COLUMNS, reads=quoted(SessionRead))


def fresh() -> str:
    """Their sessions as their events have them now."""
    return _FRESH.format(
        events=quoted(Event), counted=counters.counted(), is_credible=counters.CREDIBLE, longest=LONGEST
    )


def changed() -> str:
    """Those of their sessions that are no longer as they were counted."""
    return _CHANGED.format(columns=_COLUMNS)


def paired(pairs: str) -> str:
    """What the changed sessions count for, added to the table `pairs`; less what they did, where `takes_back`."""
    latest = "greatest(pair.as_of, excluded.as_of)"
    return _PAIRED.format(
        pairs=pairs,
        columns=_COLUMNS,
        a_step=covisits.STEP,
        reach=covisits.REACH,
        age=_weight("as_of", "at"),
        age_old=_weight(latest, "pair.as_of"),
        age_new=_weight(latest, "excluded.as_of"),
    )


def classed() -> str:
    """Views that were in no session before, added to the counters of classes."""
    return _CLASSED.format(half=counters.half(), addition=counters.class_addition())


def forget() -> str:
    return _FORGET.format(reads=quoted(SessionRead))


def remember() -> str:
    return _REMEMBER.format(columns=_COLUMNS, reads=quoted(SessionRead))


def trim() -> str:
    """Leaves each page the `most` others that it is strongest with."""
    strength = f"(together + steps) * {_weight('%(now)s::timestamptz', 'as_of')}"
    return _TRIM.format(pairs=quoted(PagePair), strength=strength)


def quoted(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _weight(later: str, earlier: str) -> str:
    age = f"extract(epoch FROM {later} - {earlier})::float8 / %(half_life)s::float8"
    # An exponent beyond some hundreds is an underflow error in Postgres, not 0.
    return f"power(2::float8, greatest(-500, -{age}))"
