"""What the visitors of a segment have in common: topics, pages, and how readily they click. Counted in SQL.

What was read and clicked is counted of visitors who agreed to statistics; a segment and its topics are of profiles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from personalization.conf import settings
from personalization.evaluation.rates import ClusterSums, Rate, rate
from personalization.models import Event, Profile, ServedSlate, Visitor
from personalization.privacy import suppressed
from tagging import index

from .crowds import DAYS, Census
from .journeys import Step, journeys
from .keeping import kept

SAMPLE: Final = 10_000
"""So many of a segment's visitors, those seen last, tell what it reads, however many there are."""

TOPICS: Final = 8

_MEMBERS = """
    member AS (
        SELECT visitor_id, topics FROM {profiles}
        WHERE last_seen >= %(since)s AND (%(segment)s::bigint IS NULL OR segments @> ARRAY[%(segment)s::bigint])
        ORDER BY last_seen DESC LIMIT %(sample)s
    )
"""

_TOPICS = """
    WITH {members}
    SELECT topic.key::bigint, sum(topic.value::float8) / (SELECT count(*) FROM member), count(*)
    FROM member, jsonb_each_text(member.topics) AS topic
    GROUP BY topic.key
"""

_PAGES = """
    WITH {members}
    SELECT event.page_id, count(DISTINCT visitor_id), (SELECT count(*) FROM member)
    FROM member JOIN {events} event USING (visitor_id) JOIN {visitors} visitor ON visitor.id = visitor_id
    WHERE 'analytics' = ANY(visitor.purposes) AND event.kind = 'view' AND event.at >= %(since)s
    GROUP BY event.page_id HAVING count(DISTINCT visitor_id) >= %(k)s
    ORDER BY 2 DESC, 1
"""

_CLICKS = """
    WITH of_visitor AS (
        SELECT event.visitor_id,
               count(*) FILTER (WHERE event.kind = 'impression') AS m_all,
               count(*) FILTER (WHERE event.kind = 'click') AS c_all,
               count(*) FILTER (WHERE event.kind = 'impression' AND {is_served}) AS m_in,
               count(*) FILTER (WHERE event.kind = 'click' AND {is_served}) AS c_in
        FROM {events} event JOIN {visitors} visitor ON visitor.id = event.visitor_id
        LEFT JOIN {slates} slate ON slate.id = event.slate_id
        WHERE 'analytics' = ANY(visitor.purposes) AND event.placement <> ''
          AND event.kind IN ('impression', 'click') AND event.at >= %(since)s
        GROUP BY event.visitor_id
    )
    SELECT {sums_in}, {sums_all}, count(*) FILTER (WHERE m_all > m_in OR c_all > c_in) FROM of_visitor
"""
_IS_SERVED = "coalesce(slate.segments @> ARRAY[%(segment)s::bigint], false)"


@dataclass(frozen=True, slots=True)
class TopicShare:
    """How much of the reading is about the topic, on average: in the segment, and of all visitors. In [0, 1]."""

    name: str
    share: float
    share_of_all: float


@dataclass(frozen=True, slots=True)
class PageReaders:
    """How many of `of` visitors read the page; None where nearly all did, so that the number would tell who did not."""

    page_id: int
    readers: int | None
    of: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The segment's click rate beside everybody's; None where there is too little to tell."""

    segment: Rate | None
    everybody: Rate | None


@dataclass(frozen=True, slots=True)
class Portrait:
    """What enough of a segment's visitors have in common, examples of their visits, and where else they belong."""

    topics: Sequence[TopicShare]
    pages: Mapping[int, PageReaders]
    journeys: Sequence[tuple[Step, ...]]
    overlap: Mapping[int, int]


def portrait(segment: int, found: Census) -> Portrait:
    """The portrait of a segment that is large enough to be shown."""
    return kept(f"portrait:{segment}", lambda: _drawn(segment, found))


def _drawn(segment: int, found: Census) -> Portrait:
    pages = page_readers(segment)
    return Portrait(top_topics(segment), pages, journeys(segment, pages), found.overlap(segment))


def top_topics(segment: int) -> list[TopicShare]:
    """What the segment's visitors read most about, of topics that enough of them do."""
    ours, all_shares = _topics(segment), {topic: share for topic, share, _n in _topics(None)}
    shown = sorted((row for row in ours if not suppressed(row[2], settings.K_ANONYMITY)), key=lambda row: -row[1])
    names = index.topic_names([topic for topic, _share, _n in shown])
    found = [
        TopicShare(names[topic], share, all_shares.get(topic, 0.0)) for topic, share, _n in shown if topic in names
    ]
    return found[:TOPICS]


def page_readers(segment: int) -> dict[int, PageReaders]:
    """Every page that at least k of the segment's visitors read in the last days, most read first."""
    k = settings.K_ANONYMITY
    rows = _rows(_PAGES, segment=segment, sample=SAMPLE, k=k)
    return {
        page_id: PageReaders(page_id, None if suppressed(of - readers, k) else readers, of)
        for page_id, readers, of in rows
    }


def click_rates(segment: int) -> Comparison:
    """Clicks per impression of what was served to visitors while they belonged, beside all that was served."""
    return kept(f"clicks:{segment}", lambda: _compared(segment))


def _compared(segment: int) -> Comparison:
    (row,) = _rows(_CLICKS, segment=segment)
    ours, everybody, others = ClusterSums(*row[:6]), ClusterSums(*row[7:13]), row[14]
    k = settings.K_ANONYMITY
    few_of_all = any(suppressed(n, k) for n in (everybody.visitors, row[13]))
    few_of_ours = few_of_all or any(suppressed(n, k) for n in (ours.visitors, row[6], others))
    return Comparison(None if few_of_ours else rate(ours), None if few_of_all else rate(everybody))


def _topics(segment: int | None) -> list[tuple[int, float, int]]:
    return [(topic, share, n) for topic, share, n in _rows(_TOPICS, segment=segment, sample=SAMPLE)]


def _sums(suffix: str) -> str:
    """SQL for `ClusterSums`, and for the number of visitors who clicked."""
    m, c = f"m_{suffix}", f"c_{suffix}"
    columns = [m, c, f"{m} * {m}", f"{c} * {c}", f"{m} * {c}"]
    sums = [f"coalesce(sum({column}), 0)::float8" for column in columns]
    return ", ".join([f"count(*) FILTER (WHERE {m} > 0)", *sums, f"count(*) FILTER (WHERE {c} > 0)"])


def _rows(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    names: Mapping[str, Any] = {"profiles": Profile, "events": Event, "slates": ServedSlate, "visitors": Visitor}
    tables = {key: connection.ops.quote_name(model._meta.db_table) for key, model in names.items()}
    members = _MEMBERS.format(**tables)
    sums = {"is_served": _IS_SERVED, "sums_in": _sums("in"), "sums_all": _sums("all")}
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(**tables, **sums, members=members),
            {"since": timezone.now() - timedelta(days=DAYS), **parameters},
        )
        return list(cursor.fetchall())
