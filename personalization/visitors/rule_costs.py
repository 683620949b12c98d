"""What editors' rules cost in clicks, from the events of consenting visitors; of no group too small to be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from personalization.conf import settings
from personalization.evaluation.displacement import Cost, Moved, Seen, Spot, cost_of
from personalization.models import Event, ServedSlate, Visitor
from personalization.privacy import suppressed

DAYS: Final = 90
"""So far back events are looked at."""

_SEEN = """
    {events} event JOIN {visitors} visitor ON visitor.id = event.visitor_id
    LEFT JOIN {slates} slate ON slate.id = event.slate_id
"""
_COUNTED = """
    'analytics' = ANY(visitor.purposes) AND event.placement <> '' AND event.kind IN ('impression', 'click')
    AND event.position IS NOT NULL AND event.at >= %(first)s
"""

_OF_RULES = """
    WITH asked AS (
        SELECT * FROM unnest(
            %(rules)s::bigint[], %(placements)s::text[], %(segments)s::bigint[], %(starts)s::timestamptz[]
        ) AS asked (rule, placement, segment, starts)
    ), covered AS (
        SELECT * FROM unnest(%(covering)s::bigint[], %(pages)s::bigint[]) AS covered (rule, page)
    )
    SELECT rule, event.placement, event.position, event.kind, event.at >= asked.starts,
           count(*), count(DISTINCT event.visitor_id), GROUPING(event.position) = 1
    FROM asked JOIN covered USING (rule) JOIN {seen} ON event.page_id = covered.page
    WHERE {counted} AND (asked.placement = '' OR event.placement = asked.placement)
      AND (asked.segment = 0 OR slate.segments @> ARRAY[asked.segment])
    GROUP BY GROUPING SETS ((rule, event.placement, event.position, event.kind, event.at >= asked.starts),
                            (rule, event.kind))
"""

_OF_SPOTS = """
    SELECT event.placement, event.position, event.kind, count(*), count(DISTINCT event.visitor_id)
    FROM {seen} WHERE {counted} GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class AskedRule:
    """A rule to be costed: its pages, where ("" everywhere) and for whom (0 everybody) it holds, and since when."""

    rule_id: int
    pages: frozenset[int]
    placement: str
    segment: int
    starts: datetime


@dataclass(slots=True)
class _Tally:
    """What was counted for one rule."""

    before: defaultdict[Spot, Seen] = field(default_factory=lambda: defaultdict(Seen))
    since: defaultdict[Spot, Seen] = field(default_factory=lambda: defaultdict(Seen))
    visitors: dict[str, int] = field(default_factory=dict)


def rule_costs(rules: Sequence[AskedRule]) -> dict[int, Cost]:
    """Rule id → clicks lost in 30 days. Rules are absent of which too little is known, or known of too few visitors.

    Two queries, however many rules there are.
    """
    now = timezone.now()
    first = now - timedelta(days=DAYS)
    known = [rule for rule in rules if rule.pages and first < rule.starts < now]
    if not known:
        return {}
    tallies, everything = _tallies(known, first), _spots(first)
    found = {}
    for rule in known:
        tally = tallies.get(rule.rule_id)
        if tally is None or _tells_of_few(tally):
            continue
        days = (rule.starts - first) / timedelta(days=1), (now - rule.starts) / timedelta(days=1)
        if min(days) >= 1.0 and (cost := cost_of(Moved(tally.before, tally.since, *days), everything)):
            found[rule.rule_id] = cost
    return found


def _tells_of_few(tally: _Tally) -> bool:
    """Whether too few visitors saw the rule's pages, or clicked them."""
    impressions, clicks = (tally.visitors.get(kind, 0) for kind in ("impression", "click"))
    return impressions < settings.K_ANONYMITY or suppressed(clicks, settings.K_ANONYMITY)


def _tallies(rules: Sequence[AskedRule], first: datetime) -> Mapping[int, _Tally]:
    pairs = [(rule.rule_id, page) for rule in rules for page in sorted(rule.pages)]
    parameters = {
        "first": first,
        "rules": [rule.rule_id for rule in rules],
        "placements": [rule.placement for rule in rules],
        "segments": [rule.segment for rule in rules],
        "starts": [rule.starts for rule in rules],
        "covering": [rule for rule, _page in pairs],
        "pages": [page for _rule, page in pairs],
    }
    tallies: defaultdict[int, _Tally] = defaultdict(_Tally)
    for rule, placement, position, kind, is_since, events, visitors, is_total in _rows(_OF_RULES, parameters):
        tally = tallies[rule]
        if is_total:
            tally.visitors[kind] = visitors
        else:
            (tally.since if is_since else tally.before)[placement, position] += _seen(kind, events)
    return tallies


def _spots(first: datetime) -> dict[Spot, Seen]:
    """What all pages had at each spot that enough visitors saw."""
    spots: defaultdict[Spot, Seen] = defaultdict(Seen)
    crowds: dict[Spot, int] = {}
    for placement, position, kind, events, visitors in _rows(_OF_SPOTS, {"first": first}):
        spots[placement, position] += _seen(kind, events)
        if kind == Event.Kind.IMPRESSION:
            crowds[placement, position] = visitors
    return {spot: seen for spot, seen in spots.items() if crowds.get(spot, 0) >= settings.K_ANONYMITY}


def _seen(kind: str, events: int) -> Seen:
    return Seen(clicks=events) if kind == Event.Kind.CLICK else Seen(impressions=events)


def _rows(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    names = {"events": Event, "slates": ServedSlate, "visitors": Visitor}
    tables = {key: connection.ops.quote_name(model._meta.db_table) for key, model in names.items()}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(seen=_SEEN.format(**tables), counted=_COUNTED), parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
