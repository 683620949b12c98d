"""What others read in the visits that are most like this one."""

from __future__ import annotations

from typing import Final

from personalization.models import SessionRead
from personalization.recommendation.history import sessions
from personalization.types import Candidate

from .base import CandidateSource, SourceRequest, register
from .journey import aged, best_of, is_of_the_kind, pages_read, quoted, rows_of

# The newest sessions of each page are found by its index; those of the reader's own are no others.
_LIKE_THIS: Final = """
    WITH shared AS (
        SELECT read.visitor_id, read.session, max(read.last_at) AS last_at, sum(weight) AS weight
        FROM unnest(%(pages)s::bigint[], %(weights)s::float8[]) AS history (page_id, weight), LATERAL (
            SELECT visitor_id, session, last_at FROM {reads}
            WHERE page_id = history.page_id AND is_first AND at <= %(now)s::timestamptz
            ORDER BY at DESC LIMIT {per_page}
        ) AS read
        WHERE read.visitor_id IS DISTINCT FROM %(visitor)s::uuid
        GROUP BY read.visitor_id, read.session
    ), alike AS (
        SELECT visitor_id, session, last_at, {likeness} AS likeness FROM shared
        ORDER BY likeness DESC, visitor_id, session LIMIT {neighbours}
    )
    SELECT read.page_id, sum(likeness), count(*)
    FROM alike JOIN {reads} AS read ON read.visitor_id = alike.visitor_id AND read.session = alike.session
        AND read.at BETWEEN alike.session AND alike.last_at
    WHERE read.is_first AND {is_of_the_kind}
    GROUP BY read.page_id
"""


@register
class SessionsSource(CandidateSource):
    """V-SKNN: the pages of the recent visits that share most with this one (`recommendation.history.sessions`).

    Score: the summed likeness of the visits that hold the page. Evidence: the page being read, or read last, and how
    many of those visits hold the other one. Reads the visits of those who agreed to statistics, as long as they do.
    """

    name = "sessions"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        query = request.query
        history = pages_read(query, sessions.PAGES)
        if not history:
            return []
        statement = _LIKE_THIS.format(
            reads=quoted(SessionRead),
            per_page=sessions.PER_PAGE,
            neighbours=sessions.NEIGHBOURS,
            likeness=aged("weight", "sessions", "least(last_at, %(now)s::timestamptz)"),
            is_of_the_kind=is_of_the_kind("read.page_id"),
        )
        weights = [sessions.position_weight(steps) for steps in range(len(history))]
        rows = rows_of(statement, request, pages=history[::-1], weights=weights, visitor=query.visitor_id)
        found = [
            Candidate(page_id, likeness, self.name, {"page_id": history[-1], "readers": readers})
            for page_id, likeness, readers in rows
            if page_id not in history
        ]
        return best_of(found, request)
