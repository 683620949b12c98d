"""The partitions of the event table: made ahead, and dropped whole when their events have been kept long enough.

What belongs into none of them lands in the default partition, and moves when theirs is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event

AHEAD: Final = timedelta(days=14)
"""So long may nobody make partitions before new events land in the default one."""

LOCK_TIMEOUT: Final = "3s"
"""Making or dropping a partition waits for statements under way, and everybody else waits behind it: not for long."""

_LIST = """
    SELECT child.relname, bound.start::timestamptz, bound.end::timestamptz
    FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid,
    LATERAL (SELECT (regexp_match(text, 'FROM \\(''(.+?)''\\)'))[1], (regexp_match(text, 'TO \\(''(.+?)''\\)'))[1]
             FROM pg_get_expr(child.relpartbound, child.oid) AS text) AS bound (start, "end")
    WHERE inhparent = to_regclass(%s) AND bound.start IS NOT NULL
    ORDER BY 2
"""

_MAKE = """
    CREATE TABLE {partition} (LIKE {events} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
    WITH moved AS (DELETE FROM {events} WHERE at >= '{start}' AND at < '{end}' RETURNING *)
        INSERT INTO {partition} SELECT * FROM moved;
    ALTER TABLE {events} ATTACH PARTITION {partition} FOR VALUES FROM ('{start}') TO ('{end}');
"""


@dataclass(frozen=True, slots=True)
class Partition:
    """A table that holds the events from `start` up to, but without, `end`."""

    name: str
    start: datetime
    end: datetime


def partitions(using: str = "default") -> list[Partition]:
    """Those that exist, in order of time, without the default one."""
    with connections[using].cursor() as cursor:
        cursor.execute(_LIST, [Event._meta.db_table])
        return [Partition(*row) for row in cursor.fetchall()]


def is_partitioned(using: str = "default") -> bool:
    """Whether the table is in this database, and past the migration that partitions it."""
    if connections[using].vendor != "postgresql":
        return False
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = to_regclass(%s))", [Event._meta.db_table]
        )
        return bool(cursor.fetchone()[0])


def make_ahead(using: str = "default") -> list[Partition]:
    """Make what is missing from the latest partition on, or from the oldest event that may still arrive."""
    now = timezone.now()
    existing = partitions(using)
    oldest = _floor(now - timedelta(hours=settings.EVENTS_MAX_AGE_HOURS))
    start = max(existing[-1].end, _floor(oldest_kept(now))) if existing else oldest
    missing = list(_missing(start, now + AHEAD))
    for partition in missing:
        _make(connections[using], partition)
    return missing


def drop_old(using: str = "default") -> list[Partition]:
    """Drop the partitions whose events are all older than EVENTS_RETENTION_DAYS, and delete what else is."""
    cutoff = oldest_kept(timezone.now())
    dropped = [partition for partition in partitions(using) if partition.end <= cutoff]
    for partition in dropped:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            cursor.execute(f"DROP TABLE IF EXISTS {_quoted(partition.name)}")
    # In the partition that the limit runs through, and in the default one.
    Event.objects.using(using).filter(at__lt=cutoff).delete()
    return dropped


def oldest_kept(now: datetime) -> datetime:
    """Events from before this moment are no longer kept."""
    return now - timedelta(days=settings.EVENTS_RETENTION_DAYS)


def _missing(start: datetime, until: datetime) -> Iterator[Partition]:
    while start <= until:
        end = _next(start)
        yield Partition(f"{Event._meta.db_table}_{start:%Y%m%d}", start, end)
        start = end


def _make(connection: BaseDatabaseWrapper, partition: Partition) -> None:
    names = {"events": _quoted(Event._meta.db_table), "partition": _quoted(partition.name)}
    # DDL takes no parameters.
    bounds = {"start": partition.start.isoformat(), "end": partition.end.isoformat()}
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        # Keeps events out meanwhile, and others who would make the same partition.
        cursor.execute("LOCK TABLE {events} IN SHARE ROW EXCLUSIVE MODE".format(**names))
        cursor.execute("SELECT to_regclass(%s)", [partition.name])
        if cursor.fetchone()[0] is None:
            cursor.execute(_MAKE.format(**names, **bounds))


def _floor(moment: datetime) -> datetime:
    """The beginning of the day or month, by UTC."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if _is_daily() else midnight.replace(day=1)


def _next(start: datetime) -> datetime:
    """The beginning of the day or month after this one."""
    return _floor(start + timedelta(days=1)) if _is_daily() else _floor(start.replace(day=28) + timedelta(days=4))


def _is_daily() -> bool:
    return bool(settings.EVENTS_PARTITION == "day")


def _quoted(name: str) -> str:
    return connections["default"].ops.quote_name(name)
