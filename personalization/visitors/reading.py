"""How pages were read, for reports: views, readers, reading time, depth, bounces; of no group too small to be shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import CharField, F, FloatField, Func, IntegerField, JSONField, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import timezone

from personalization.conf import settings
from personalization.privacy import Cell, showable

from .keeping import kept
from .releases import Accountant
from .sessions import PageFigures, page_figures, stitched
from .traffic import PERIODS

# Who is behind a number: visitors of one page alike in what was measured and in the shortest period that holds it.
_CELLS = """
    SELECT page_id, measure, days, (array_agg(DISTINCT visitor_id))[1:%(k)s]
    FROM (
        SELECT page_id, measure, visitor_id, CASE {periods} END AS days
        FROM (
            SELECT page_id, 'readers' AS measure, visitor_id, at FROM viewed
            UNION ALL SELECT page_id, 'dwell', visitor_id, at FROM viewed WHERE dwell IS NOT NULL
            UNION ALL SELECT page_id, 'depth', visitor_id, at FROM viewed WHERE depth IS NOT NULL
            UNION ALL SELECT entry, 'entrants', visitor_id, start FROM session
            UNION ALL SELECT entry, CASE WHEN is_bounce THEN 'bounced' ELSE 'stayed' END, visitor_id, start FROM session
        ) told
    ) of_period
    GROUP BY page_id, measure, days
"""

_SHORTEST_PERIOD = " ".join(f"WHEN at >= %(since_{days})s THEN {days}" for days in PERIODS)

# So many of each visitor's contributions, as chance has it, but the same whenever it is asked.
_BOUNDED = """
    SELECT page_id, measure, count(*) FROM (
        SELECT page_id, measure,
               row_number() OVER (PARTITION BY visitor_id ORDER BY md5(concat(visitor_id, page_id, measure, at))) AS nth
        FROM (
            SELECT page_id, 'views' AS measure, visitor_id, at FROM viewed
            UNION ALL SELECT page_id, 'readers', visitor_id, min(at) FROM viewed GROUP BY page_id, visitor_id
            UNION ALL SELECT entry, 'entries', visitor_id, start FROM session
            UNION ALL SELECT entry, 'bounces', visitor_id, start FROM session WHERE is_bounce
        ) told
    ) numbered
    WHERE nth <= %(per_visitor)s
    GROUP BY page_id, measure
"""

COUNTS: Final = ("views", "readers", "entries", "bounces")

Shown = Mapping[tuple[int, str], frozenset[int]]
"""Page and measure to the periods of which the number may be shown."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a page was read; None where a number would tell of a group too small to be shown, or there is none.

    `dwell` (seconds) and `scrolled` (0 to 1, the deepest) are means over the views of which they are known. `entries`
    counts the sessions that began on the page, `bounces` those of them that saw nothing else.
    """

    views: int | None = None
    readers: int | None = None
    dwell: float | None = None
    scrolled: float | None = None
    entries: int | None = None
    bounces: int | None = None

    @property
    def bounce_rate(self) -> float | None:
        """Of the sessions that began here, the share that saw nothing else. Noise may make more of them than began."""
        return None if not self.entries or self.bounces is None else min(1.0, self.bounces / self.entries)


def reading(days: int) -> dict[int, Reading]:
    """The figures of each page that was read in the last `days` (of `PERIODS`), by its id.

    Of visitors who agreed to statistics. What may be shown does not depend on the period that is asked for.
    """
    everything: dict[int, dict[int, Reading]] = kept("reading", _of_all_periods)
    return everything[days]


def exported_reading(days: int, user: Any) -> dict[int, Reading]:
    """The same for a file: with Laplace noise where the site says so, drawn once a day for each period.

    Noise is for counts: reading time and depth are left out then.
    """
    exact = reading(days)
    accountant = Accountant.of_site("reading")
    if accountant is None:
        return exact
    numbers = accountant.released({"days": days}, lambda most: _bounded(days, exact, most), user)
    return {int(page): Reading(**row) for page, row in numbers.items()}


def pages_with(figures: Mapping[int, Reading], pages: QuerySet[Any]) -> QuerySet[Any]:
    """Those of `pages` that were read, with the fields of `Reading` and `bounce_rate` as columns to sort by."""
    rows = {str(page): {**asdict(row), "bounce_rate": row.bounce_rate} for page, row in figures.items()}
    fields: dict[str, FloatField[Any, Any] | IntegerField[Any, Any]] = {
        **{name: IntegerField() for name in COUNTS},
        **{name: FloatField() for name in ("dwell", "scrolled", "bounce_rate")},
    }
    columns = {name: Cast(_looked_up(rows, name), field) for name, field in fields.items()}
    read: QuerySet[Any] = pages.filter(pk__in=list(figures)).annotate(**columns)
    return read


def _looked_up(rows: Mapping[str, Any], name: str) -> Func:
    # One JSON object holds a site's thousands of pages, where a CASE would compare each page with each.
    table, key = Value(rows, JSONField()), Cast(F("pk"), CharField())
    return Func(table, key, Value(name), function="jsonb_extract_path_text", output_field=CharField())


def _of_all_periods() -> dict[int, dict[int, Reading]]:
    now = timezone.now()
    shown = _shown(now)
    return {
        days: {row.page_id: _told(row, days, shown) for row in page_figures(now - timedelta(days=days), now)}
        for days in PERIODS
    }


def _told(row: PageFigures, days: int, shown: Shown) -> Reading:
    def is_shown(measure: str) -> bool:
        return days in shown.get((row.page_id, measure), PERIODS)

    is_read, is_entered = is_shown("readers"), is_shown("entrants")
    return Reading(
        views=row.views if is_read else None,
        readers=row.readers if is_read else None,
        dwell=row.dwell if is_read and is_shown("dwell") else None,
        scrolled=row.depth if is_read and is_shown("depth") else None,
        entries=row.entries if is_entered else None,
        bounces=row.bounces if is_entered and is_shown("bounced") and is_shown("stayed") else None,
    )


def _shown(now: datetime) -> Shown:
    """One query. Longer periods hold the shorter ones, and must not give away who is only in them."""
    since: dict[str, Any] = {f"since_{days}": now - timedelta(days=days) for days in PERIODS}
    statement, longest = _CELLS.replace("{periods}", _SHORTEST_PERIOD), max(PERIODS)
    found: dict[tuple[int, str], list[tuple[int, Cell]]] = defaultdict(list)
    rows = stitched(statement, now - timedelta(days=longest), now, k=settings.K_ANONYMITY, **since)
    for page, measure, days, visitors in rows:
        found[page, measure].append((days, Cell(frozenset(visitors))))
    return {key: _periods(cells) for key, cells in found.items()}


def _periods(cells: list[tuple[int, Cell]]) -> frozenset[int]:
    groups = {most: {i for i, (days, _) in enumerate(cells) if days <= most} for most in reversed(PERIODS)}
    return showable(groups, [cell for _, cell in cells], settings.K_ANONYMITY)


def _bounded(days: int, exact: Mapping[int, Reading], most: int) -> dict[str, dict[str, int | None]]:
    """The counts that may be shown, with no more than `most` contributions of any one visitor to all of them."""
    now = timezone.now()
    rows = stitched(_BOUNDED, now - timedelta(days=days), now, per_visitor=most)
    counts = {(page, measure): count for page, measure, count in rows}
    return {
        str(page): {name: None if getattr(row, name) is None else counts.get((page, name), 0) for name in COUNTS}
        for page, row in exact.items()
    }
