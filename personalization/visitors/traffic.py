"""What readers saw and clicked of what was recommended, counted from events; of no group too small to be shown.

Only visitors who agreed to statistics are counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.db import connection
from django.db.models import Case, Expression, FloatField, IntegerField, QuerySet, Value, When
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event, Placement, Segment, ServedSlate, Visitor
from personalization.privacy import Cell, showable

from .keeping import kept
from .releases import Accountant

PERIODS: Final = (7, 30, 90)
"""The periods that reports offer, in days. With dates of one's choice, one could subtract small groups."""

DAYS: Final = 30
KINDS: Final = {Event.Kind.IMPRESSION.value: "impressions", Event.Kind.CLICK.value: "clicks"}

# A cell is what the report can tell apart: placement, kind, the shortest period, the segments served to.
_CELLS = """
    SELECT placement, kind, days, segments, sum(events)::bigint, (array_agg(visitor_id))[1:%(k)s]
    FROM (
        SELECT event.placement, event.kind, event.visitor_id, slate.segments, count(*) AS events,
               CASE {periods} END AS days
        FROM {events} event JOIN {visitors} visitor ON visitor.id = event.visitor_id
        LEFT JOIN {slates} slate ON slate.id = event.slate_id
        WHERE 'analytics' = ANY(visitor.purposes) AND event.placement <> ''
          AND event.kind = ANY(%(kinds)s) AND event.at >= %(first)s
        GROUP BY event.placement, event.kind, event.visitor_id, slate.segments, days
    ) of_visitor
    GROUP BY placement, kind, days, segments
"""

_SHORTEST_PERIOD = " ".join(f"WHEN event.at >= %(since_{days})s THEN {days}" for days in PERIODS)

# So many events of each visitor, by their own random ids.
_BOUNDED = """
    SELECT placement, kind, count(*) FROM (
        SELECT event.placement, event.kind,
               row_number() OVER (PARTITION BY event.visitor_id ORDER BY event.event_id) AS nth
        FROM {events} event JOIN {visitors} visitor ON visitor.id = event.visitor_id
        LEFT JOIN {slates} slate ON slate.id = event.slate_id
        WHERE 'analytics' = ANY(visitor.purposes) AND event.placement <> ''
          AND event.kind = ANY(%(kinds)s) AND event.at >= %(since)s
          AND (%(segment)s::bigint IS NULL OR slate.segments @> ARRAY[%(segment)s::bigint])
    ) numbered
    WHERE nth <= %(per_visitor)s
    GROUP BY placement, kind
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a report is about: the last `days` (of `PERIODS`), and one segment's readers or everybody."""

    days: int = DAYS
    segment: int | None = None


EVERYBODY: Final = Selection()


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was seen and clicked; None where the number would tell of a group too small to be shown."""

    impressions: int | None = 0
    clicks: int | None = 0

    @property
    def ctr(self) -> float | None:
        """Clicks per impression; None without impressions, too. Noise may make more clicks than impressions."""
        return None if not self.impressions or self.clicks is None else min(1.0, self.clicks / self.impressions)


@dataclass(frozen=True, slots=True)
class _EventCell:
    """Events that no report tells apart. `days`: of the shortest period that holds them."""

    days: int
    segments: frozenset[int]
    events: int
    visitors: Cell

    def is_in(self, selection: Selection) -> bool:
        return self.days <= selection.days and (selection.segment is None or selection.segment in self.segments)


def traffic(selection: Selection = EVERYBODY) -> dict[str, Traffic]:
    """Each placement's name to its traffic. Of segments, only what was served to visitors who belonged then."""
    selections = _selections()
    numbers = kept(f"traffic:{len(selections)}:{selections[-1].segment}", lambda: _all_numbers(selections))
    return {
        name: Traffic(*(numbers.get((name, kind), {}).get(selection, 0) for kind in KINDS))
        for name in Placement.objects.values_list("name", flat=True)
    }


def exported_traffic(selection: Selection, user: Any) -> dict[str, Traffic]:
    """The same for a file: with Laplace noise where the site says so, drawn once a day for each selection."""
    exact = traffic(selection)
    accountant = Accountant.of_site("recommendations")
    if accountant is None:
        return exact
    numbers = accountant.released(asdict(selection), lambda most: _bounded(selection, exact, most), user)
    return {name: Traffic(**row) for name, row in numbers.items()}


def placements_with(figures: Mapping[str, Traffic]) -> QuerySet[Placement]:
    """Placements with `impressions`, `clicks` and `ctr`, as those figures have it."""
    names = Placement.objects.order_by().values_list("name", flat=True)
    rows = {name: figures.get(name, Traffic()) for name in names}
    placements: QuerySet[Placement] = Placement.objects.annotate(
        impressions=_column({name: row.impressions for name, row in rows.items()}, IntegerField()),
        clicks=_column({name: row.clicks for name, row in rows.items()}, IntegerField()),
        ctr=_column({name: row.ctr for name, row in rows.items()}, FloatField()),
    )
    return placements


def _column(values: Mapping[str, float | None], field: IntegerField[Any, Any] | FloatField[Any, Any]) -> Expression:
    whens = [When(name=name, then=Value(value)) for name, value in values.items() if value is not None]
    return Case(*whens, default=Value(None), output_field=field)


def _selections() -> list[Selection]:
    """All that can be asked for, the widest first: what may be shown must not depend on what is asked."""
    segments: list[int | None] = [None, *Segment.objects.order_by("pk").values_list("pk", flat=True)]
    return [Selection(days, segment) for segment in segments for days in reversed(PERIODS)]


def _all_numbers(selections: Sequence[Selection]) -> dict[tuple[str, str], dict[Selection, int | None]]:
    """Placement and kind to the number of every selection."""
    return {key: _numbers(cells, selections) for key, cells in _cells().items()}


def _numbers(cells: Sequence[_EventCell], selections: Sequence[Selection]) -> dict[Selection, int | None]:
    groups = {each: frozenset(i for i, cell in enumerate(cells) if cell.is_in(each)) for each in selections}
    shown = showable(groups, [cell.visitors for cell in cells], settings.K_ANONYMITY)
    return {each: sum(cells[i].events for i in group) if each in shown else None for each, group in groups.items()}


def _cells() -> dict[tuple[str, str], list[_EventCell]]:
    """The cells by placement and kind. One query."""
    since = _since()
    parameters = {
        "k": settings.K_ANONYMITY,
        "kinds": list(KINDS),
        "first": since[max(PERIODS)],
        **{f"since_{days}": since[days] for days in PERIODS},
    }
    found: dict[tuple[str, str], list[_EventCell]] = defaultdict(list)
    for placement, kind, days, segments, events, visitors in _rows(_CELLS, parameters):
        cell = _EventCell(days, frozenset(segments or ()), events, Cell(frozenset(visitors)))
        found[placement, kind].append(cell)
    return found


def _bounded(selection: Selection, exact: Mapping[str, Traffic], most: int) -> dict[str, dict[str, int | None]]:
    """The numbers that may be shown, with no more than `most` events of any one visitor in all of them together."""
    parameters = {
        "kinds": list(KINDS),
        "since": _since()[selection.days],
        "segment": selection.segment,
        "per_visitor": most,
    }
    counts = {(placement, kind): count for placement, kind, count in _rows(_BOUNDED, parameters)}
    return {
        name: {
            field: None if getattr(row, field) is None else counts.get((name, kind), 0) for kind, field in KINDS.items()
        }
        for name, row in exact.items()
    }


def _since() -> dict[int, datetime]:
    now = timezone.now()
    return {days: now - timedelta(days=days) for days in PERIODS}


def _rows(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    names = {"events": Event, "slates": ServedSlate, "visitors": Visitor}
    tables = {key: connection.ops.quote_name(model._meta.db_table) for key, model in names.items()}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**tables, periods=_SHORTEST_PERIOD), parameters)
        return cast(list[tuple[Any, ...]], cursor.fetchall())
