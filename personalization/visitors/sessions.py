"""Sessions and what was done in them, stitched from events in SQL.

A session ends where nothing came for VISIT_GAP_MINUTES, and where a view brings another campaign than the session's
own. Impressions are the site's doing and neither begin nor prolong one; a dwell stands for the whole time that it
reports, so that somebody who reads one page for an hour has not left meanwhile. Without a view there is no session.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection

from personalization.conf import settings
from personalization.models import Event, Visitor

LONGEST: Final = timedelta(days=1)
"""So far around the time asked for events are read, so that sessions are whole at either end."""

# The order of events that came at one moment is that in which they were stored.
_NUMBERED = """
    WITH event AS (
        SELECT id, visitor_id, kind, page_id, at, value, device, ARRAY[utm_source, utm_medium, utm_campaign] AS utm,
               utm_source <> '' OR utm_medium <> '' OR utm_campaign <> '' AS has_campaign,
               at - make_interval(secs => CASE WHEN kind = 'dwell' THEN value ELSE 0 END) AS since
        FROM {events}
        WHERE kind <> 'impression' AND at >= %(first)s AND at < %(last)s AND {whose}
    ), paused AS (
        SELECT *, coalesce(since - lag(at) OVER visitor > %(gap)s, true) AS is_after_pause
        FROM event WINDOW visitor AS (PARTITION BY visitor_id ORDER BY at, id)
    ), visited AS (
        SELECT *, count(*) FILTER (WHERE is_after_pause) OVER (PARTITION BY visitor_id ORDER BY at, id) AS visit
        FROM paused
    ), campaigned AS (
        SELECT *, is_after_pause OR has_campaign AND utm IS DISTINCT FROM
               lag(utm) OVER (PARTITION BY visitor_id, visit, has_campaign ORDER BY at, id) AS is_start
        FROM visited
    ), numbered AS (
        SELECT *, count(*) FILTER (WHERE is_start) OVER (PARTITION BY visitor_id ORDER BY at, id) AS session,
               count(*) FILTER (WHERE kind = 'view') OVER (PARTITION BY visitor_id, page_id ORDER BY at, id) AS view
        FROM campaigned
    ), session AS (
        SELECT visitor_id, session, min(at) AS start, max(at) AS "end",
               count(*) FILTER (WHERE kind = 'view') AS pages,
               (array_agg(page_id ORDER BY at, id) FILTER (WHERE kind = 'view'))[1] AS entry,
               (array_agg(page_id ORDER BY at DESC, id DESC) FILTER (WHERE kind = 'view'))[1] AS exit,
               (array_agg(device ORDER BY at, id))[1] AS device,
               coalesce(min(utm) FILTER (WHERE has_campaign), ARRAY['', '', '']) AS utm,
               count(*) FILTER (WHERE kind = 'view') = 1 AND NOT bool_or(kind IN ('click', 'feedback')) AS is_bounce
        FROM numbered GROUP BY visitor_id, session
        HAVING bool_or(kind = 'view') AND min(at) >= %(start)s AND min(at) < %(end)s
    ), viewed AS (
        SELECT visitor_id, page_id, min(at) FILTER (WHERE kind = 'view') AS at,
               sum(value) FILTER (WHERE kind = 'dwell') AS dwell, max(value) FILTER (WHERE kind = 'scroll') AS depth
        FROM numbered WHERE view > 0 GROUP BY visitor_id, page_id, view
        HAVING min(at) >= %(start)s AND min(at) < %(end)s
    )
"""

_OF_ONE = "visitor_id = %(visitor)s"
_AGREED = "visitor_id IN (SELECT id FROM {visitors} WHERE 'analytics' = ANY(purposes))"

_SESSIONS = """
    SELECT visitor_id, start, "end", pages, entry, exit, device, utm[1], utm[2], utm[3], is_bounce FROM session
    ORDER BY start, visitor_id
"""

_VIEWS = "SELECT visitor_id, page_id, at, dwell, depth FROM viewed ORDER BY at, visitor_id, page_id"

_PAGES = """
    SELECT page_id, views, readers, dwell, depth, coalesce(entries, 0), coalesce(entrants, 0), coalesce(bounces, 0)
    FROM (
        SELECT page_id, count(*) AS views, count(DISTINCT visitor_id) AS readers,
               avg(dwell) AS dwell, avg(depth) AS depth
        FROM viewed GROUP BY page_id
    ) of_views LEFT JOIN (
        SELECT entry AS page_id, count(*) AS entries, count(DISTINCT visitor_id) AS entrants,
               count(*) FILTER (WHERE is_bounce) AS bounces
        FROM session GROUP BY entry
    ) of_sessions USING (page_id)
    ORDER BY views DESC, page_id
"""


@dataclass(frozen=True, slots=True)
class Session:
    """From its first event to its last. `pages` counts views, of which `entry` is the first and `exit` the last.

    A bounce is one view, with no click on a recommendation and no feedback. The `utm_` values are those of the view
    that began the session, or brought its campaign; "" without one.
    """

    visitor_id: uuid.UUID
    start: datetime
    end: datetime
    pages: int
    entry: int
    exit: int
    device: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    is_bounce: bool


@dataclass(frozen=True, slots=True)
class View:
    """One view of a page, with what was reported of that page until the same visitor's next view of it.

    `dwell` in seconds and `depth` from 0 to 1, the deepest; None where nothing was reported.
    """

    visitor_id: uuid.UUID
    page_id: int
    at: datetime
    dwell: float | None
    depth: float | None


@dataclass(frozen=True, slots=True)
class PageFigures:
    """How a page was read. `dwell` (seconds) and `depth` (0 to 1) are means over the views of which they are known.

    `entries` counts the sessions that began on the page, of `entrants` different visitors.
    """

    page_id: int
    views: int
    readers: int
    dwell: float | None
    depth: float | None
    entries: int
    entrants: int
    bounces: int

    @property
    def bounce_rate(self) -> float | None:
        """Of the sessions that began here, the share that saw nothing else; None where none began here."""
        return self.bounces / self.entries if self.entries else None


def sessions(start: datetime, end: datetime, visitor_id: uuid.UUID | None = None) -> list[Session]:
    """The sessions that began from `start` up to, but without, `end`: one visitor's, or those of everybody who agreed
    to statistics. One query. Ordered by their start; cut where they last longer than `LONGEST`.
    """
    return [Session(*row) for row in stitched(_SESSIONS, start, end, visitor_id)]


def views(start: datetime, end: datetime, visitor_id: uuid.UUID | None = None) -> list[View]:
    """The views from `start` up to, but without, `end`, of the same visitors. One query."""
    return [View(*row) for row in stitched(_VIEWS, start, end, visitor_id)]


def page_figures(start: datetime, end: datetime) -> list[PageFigures]:
    """How each page was read then by those who agreed to statistics, the most viewed first. One query.

    Of pages with few readers, too: `visitors.reading` says what of it may be shown.
    """
    return [PageFigures(*row) for row in stitched(_PAGES, start, end)]


def stitched(
    select: str, start: datetime, end: datetime, visitor_id: uuid.UUID | None = None, **more: object
) -> list[tuple[Any, ...]]:
    """The rows of a SELECT from `session` and `viewed`: what began in that time. `more` are its parameters."""
    parameters: dict[str, Any] = {
        **more,
        "start": start,
        "end": end,
        "first": start - LONGEST,
        "last": end + LONGEST,
        "gap": timedelta(minutes=settings.VISIT_GAP_MINUTES),
        "visitor": visitor_id,
    }
    quote = connection.ops.quote_name
    tables = {"events": quote(Event._meta.db_table), "visitors": quote(Visitor._meta.db_table)}
    whose = (_AGREED if visitor_id is None else _OF_ONE).format(**tables)
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERED.format(whose=whose, **tables) + select, parameters)
        return list(cursor.fetchall())
