"""How much each page is read, by everybody and by class: decayed sums, added to in the database itself.

A reader counts once for a page and hour, at the first view that arrives, and for a bounded number of pages: whoever
opens more in a minute or an hour than people read is no reader, and gets no page up the list.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, models, transaction

from personalization.models import (
    HALF_LIVES,
    ClassCounter,
    Event,
    EventCount,
    PageCounter,
    SessionRead,
    SignalState,
    Visitor,
    suitable_half_lives,
)
from personalization.models.signal_state import THE_ROW

from . import counts

MOST_A_MINUTE: Final = 20
MOST_AN_HOUR: Final = 100
"""Of different pages that count, for one visitor."""

CREDIBLE: Final = f"of_hour <= {MOST_AN_HOUR} AND of_minute <= {MOST_A_MINUTE}"

# What a batch brought, and the earlier views of the same visitors around it.
_BROUGHT: Final = """
    viewed AS (
        SELECT id, visitor_id, page_id, at, referrer, device FROM seen WHERE kind = 'view'
    ), around AS (
        SELECT visitor_id, min(at) AS first, max(at) AS last FROM viewed GROUP BY visitor_id
    ), known AS (
        SELECT earlier.* FROM around, LATERAL (
            SELECT id, visitor_id, page_id, at, referrer, device FROM {events}
            WHERE visitor_id = around.visitor_id AND kind = 'view'
              AND at >= least(date_trunc('day', first, %(time_zone)s::text), {hour_of_first})
              AND at < greatest(date_trunc('day', last, %(time_zone)s::text) + interval '25 hours',
                                {hour_of_last} + interval '1 hour')
            OFFSET 0
        ) AS earlier
    ), {counted}, {half}, page_counter AS (
        {page_counter}
    )
"""

# Of a visitor's views the numbers of their rows say which came first: nothing else of the visitor is written meanwhile.
_COUNTED: Final = """
    reading AS (
        SELECT DISTINCT ON (visitor_id, page_id, hour) * FROM (
            SELECT *, {hour} AS hour, true AS is_new FROM viewed
            UNION ALL
            SELECT *, {hour}, false FROM known
        ) AS view
        ORDER BY visitor_id, page_id, hour, id
    ), numbered AS (
        SELECT *, row_number() OVER (PARTITION BY visitor_id, hour ORDER BY id) AS of_hour,
               row_number() OVER (PARTITION BY visitor_id, {minute} ORDER BY id) AS of_minute
        FROM reading
    ), counted AS (
        SELECT visitor_id, page_id, referrer, device, at, 1 AS n FROM numbered
        WHERE is_new AND {is_credible}
        {more}
    )
"""
_HALF: Final = """
    half AS (
        SELECT coalesce(state.fast, %(fast)s::float8) AS fast, coalesce(state.medium, %(medium)s::float8) AS medium,
               coalesce(state.slow, %(slow)s::float8) AS slow
        FROM (SELECT {row} AS id) AS one LEFT JOIN {state} AS state USING (id)
    )
"""

# In the order of their keys, so that no two statements wait for each other.
_ADD: Final = """
        INSERT INTO {table} AS counter ({keys}, total, fast, medium, slow)
        SELECT {keys}, sum(n), {sums}
        FROM (SELECT *, max(at) OVER (PARTITION BY {keys}) AS latest FROM {counted}) AS counted, half
        GROUP BY {keys}, latest, half.fast, half.medium, half.slow ORDER BY {keys}
        ON CONFLICT ({keys}) DO UPDATE SET total = counter.total + excluded.total, {added}
"""

_REBUILT: Final = """
    WITH viewed AS (
        SELECT id, visitor_id, page_id, at, referrer, device FROM {events}
        WHERE kind = 'view' AND visitor_id IN (SELECT id FROM {visitors} WHERE 'analytics' = ANY(purposes))
    ), known AS (
        SELECT * FROM viewed WHERE false
    ), {counted}, {half}, in_session AS (
        SELECT * FROM counted WHERE visitor_id IS NULL OR EXISTS (
            SELECT FROM {reads} AS read
            WHERE read.visitor_id = counted.visitor_id AND read.at = counted.at AND read.page_id = counted.page_id
        )
    ), page_counter AS (
        {page_counter}
    )
    {class_counter}
"""

# Classes are counted when views come into sessions: what has not will be.
# Of what is no longer kept, counts by the day are.
_OLDER: Final = """
        UNION ALL
        SELECT NULL, page_id, referrer, device, hour, readers FROM {counts}
        WHERE kind = 'view' AND readers > 0 AND hour < (SELECT date_trunc('day', min(at), %(time_zone)s) FROM {events})
"""


def with_counted(events: str) -> str:
    """The part of a statement that adds the views among its rows `seen` to their pages' counters.

    `events` is the quoted table; none of its rows that the statement sees are among the new ones. Leaves behind
    `known`: the earlier views of the same visitors, in the hours and days of the new ones.
    """
    return _BROUGHT.format(
        events=events,
        hour_of_first=_hour("first"),
        hour_of_last=_hour("last"),
        counted=counted(),
        half=half(),
        page_counter=_addition(PageCounter, "page_id"),
    )


def counted(more: str = "") -> str:
    """The part of a statement that finds, among its rows `viewed`, those that count: `counted`, with a number each.

    `known` are earlier views of the same visitors. Leaves behind `numbered`: the first view of each visitor, page and
    hour, which counts where it is `CREDIBLE`.
    """
    minute = "date_bin('1 minute', at, 'epoch')"
    return _COUNTED.format(hour=_hour("at"), minute=minute, is_credible=CREDIBLE, more=more)


def half() -> str:
    """The part of a statement that has the half-lives in force."""
    return _HALF.format(row=THE_ROW, state=_quoted(SignalState))


def class_addition(counted: str = "counted") -> str:
    """The statement that adds its rows `counted` to the counters of classes."""
    return _addition(ClassCounter, "page_id, referrer, device", counted)


def parameters() -> dict[str, float]:
    """What these parts take: the half-lives that are in force where none have been settled yet.

    And the time zone, as `counts.parameters()` has it.
    """
    chosen = suitable_half_lives(0.0, 0.0)
    return {name: getattr(chosen, name) for name in HALF_LIVES}


@transaction.atomic
def rebuild() -> None:
    """Count everything anew by the half-lives in force; events that arrive meanwhile wait for it. Sessions come first:
    `pairs.rebuild`.

    The same numbers, but for what was read by visitors who were deleted since, or took their yes to statistics back.
    """
    statement = _REBUILT.format(
        events=_quoted(Event),
        visitors=_quoted(Visitor),
        counted=counted(_OLDER.format(counts=_quoted(EventCount), events=_quoted(Event))),
        half=half(),
        page_counter=_addition(PageCounter, "page_id"),
        class_counter=class_addition("in_session"),
        reads=_quoted(SessionRead),
    )
    tables = [_quoted(model) for model in (PageCounter, ClassCounter)]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        PageCounter.objects.all().delete()
        ClassCounter.objects.all().delete()
        cursor.execute(statement, {**parameters(), **counts.parameters()})


def _addition(model: type[PageCounter | ClassCounter], keys: str, counted: str = "counted") -> str:
    sums = ", ".join(_sum(f"half.{name}") for name in HALF_LIVES)
    added = ", ".join(f"{name} = {_joined(f'counter.{name}', f'excluded.{name}')}" for name in HALF_LIVES)
    return _ADD.format(table=_quoted(model), keys=keys, sums=sums, added=added, counted=counted)


def _hour(moment: str) -> str:
    return f"date_bin('1 hour', {moment}, 'epoch')"


def _sum(half_life: str) -> str:
    """The logarithm of the sum of `2^(at / half_life)`, taken from the latest moment, so that nothing overflows."""
    age = f"extract(epoch FROM latest - at)::float8 / {half_life}"
    # An exponent below some hundreds is an underflow error in Postgres, not 0.
    weights = f"sum(n * power(2::float8, greatest(-500, -{age})))"
    return f"extract(epoch FROM latest)::float8 / {half_life} + ln({weights}) / ln(2::float8)"


def _joined(one: str, other: str) -> str:
    """The logarithm of a sum, from those of its two parts."""
    return f"greatest({one}, {other}) + ln(1 + power(2::float8, greatest(-500, -abs({one} - {other})))) / ln(2::float8)"


def _quoted(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)
