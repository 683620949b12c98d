"""Which pages are read together and one after the other: kept up with the events, or counted anew."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

import swapper
from django.db import connection, transaction
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event, PagePair, SessionRead, SignalState, suitable_half_lives
from personalization.models.signal_state import THE_ROW

from . import counters, pairs_sql
from .partitions import oldest_kept

EVENTS_AT_ONCE: Final = 50_000
VISITORS_AT_ONCE: Final = 5_000

_LOCK: Final = 0x41666670
"""Of this database's advisory locks, that of whoever works on pairs."""

# Events that were just stored are looked at again: of those that are being written, the later ones may be seen first.
_UNTIL: Final = """
    SELECT max(id), coalesce(max(id) FILTER (WHERE received_at < now() - interval '30 seconds'), %(after)s)
    FROM (SELECT id, received_at FROM {events} WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) AS event
"""
_REBUILT: Final = """
    CREATE TEMPORARY TABLE IF NOT EXISTS affinity_rebuilt (LIKE {pairs} INCLUDING DEFAULTS INCLUDING INDEXES);
    TRUNCATE affinity_rebuilt
"""
_REPLACE: Final = """
    DELETE FROM {pairs};
    INSERT INTO {pairs} SELECT * FROM affinity_rebuilt WHERE EXISTS (SELECT FROM {pages} WHERE id = source_id)
        AND EXISTS (SELECT FROM {pages} WHERE id = target_id) ORDER BY source_id, target_id;
    TRUNCATE affinity_rebuilt
"""


def update() -> bool:
    """Bring sessions, pairs and the counters of classes up to date with the views that came; whether there are more.

    Safe to run at any time and twice: what was counted is counted once. Where somebody else is at it, nothing is done.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return False
        state = _state()
        until, settled = _boundary(cursor, state.last_event)
        if until is None:
            return False
        given = {**_given(state), "after": state.last_event, "until": until, "takes_back": True}
        cursor.execute(pairs_sql.PREPARE)
        cursor.execute(pairs_sql.touched(), given)
        cursor.execute(pairs_sql.widened(), given)
        _recount(cursor, given, pairs_sql.quoted(PagePair))
        cursor.execute(pairs_sql.classed(), given)
        _write(cursor)
        SignalState.objects.filter(pk=THE_ROW).update(last_event=settled)
        return settled == until


def rebuild(progress: Callable[[int], object] = lambda visitors: None) -> None:
    """Count sessions and pairs anew from all events that are kept; `progress` is told how many visitors are done.

    Readers see the old pairs until the new ones are complete; of visitors, some thousands at a time are held up who
    would be deleted.
    """
    with _alone(), connection.cursor() as cursor:
        state = _state()
        _newest, settled = _boundary(cursor, 0, limit=None)
        cursor.execute(_REBUILT.format(pairs=pairs_sql.quoted(PagePair)))
        after: uuid.UUID | None = uuid.UUID(int=0)
        while after is not None:
            after = _rebuild_some(cursor, state, after, progress)
        with transaction.atomic():
            names = {
                "pairs": pairs_sql.quoted(PagePair),
                "pages": pairs_sql.quoted(swapper.load_model("wagtailcore", "Page")),
            }
            cursor.execute(_REPLACE.format(**names))
            SignalState.objects.filter(pk=THE_ROW).update(last_event=settled)


@contextmanager
def _alone() -> Iterator[None]:
    """Keeps `update` from working meanwhile, in every process."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def move(visitor_id: uuid.UUID, into_id: uuid.UUID) -> None:
    """Make one visitor's sessions another's, so that they are not counted again as that one's."""
    moved = list(SessionRead.objects.filter(visitor=visitor_id))
    for read in moved:
        read.visitor_id = into_id
    SessionRead.objects.bulk_create(moved, ignore_conflicts=True)


def tidy() -> None:
    """Drop what is too weak to be kept, and sessions that are as old as the events which are dropped."""
    now = timezone.now()
    SessionRead.objects.filter(at__lt=oldest_kept(now)).delete()
    with transaction.atomic(), connection.cursor() as cursor:
        given = {"most": settings.COVISITS_PER_PAGE, "now": now, "half_life": _state().pairs}
        cursor.execute(pairs_sql.trim(), given)


def _rebuild_some(
    cursor: Any, state: SignalState, after: uuid.UUID, progress: Callable[[int], object]
) -> uuid.UUID | None:
    """The next visitors; the last of them, None where there was none."""
    given = {**_given(state), "after": after, "limit": VISITORS_AT_ONCE, "takes_back": False}
    with transaction.atomic():
        cursor.execute(pairs_sql.PREPARE)
        cursor.execute(pairs_sql.all_touched(), given)
        cursor.execute("SELECT count(*), max(visitor_id::text)::uuid FROM affinity_touched")
        visitors, last = cursor.fetchone()
        if not visitors:
            return None
        _recount(cursor, given, "affinity_rebuilt")
        cursor.execute(pairs_sql.classed(), given)
        _write(cursor)
    progress(visitors)
    return uuid.UUID(str(last))


def _recount(cursor: Any, given: dict[str, Any], pairs: str) -> None:
    cursor.execute(pairs_sql.stale(), given)
    cursor.execute(pairs_sql.fresh(), given)
    if given["takes_back"]:
        cursor.execute(pairs_sql.changed())
    else:
        cursor.execute(pairs_sql.ALL_CHANGED)
    cursor.execute(pairs_sql.ANALYZE)
    cursor.execute(pairs_sql.paired(pairs), given)


def _write(cursor: Any) -> None:
    cursor.execute(pairs_sql.forget())
    cursor.execute(pairs_sql.remember())


def _boundary(cursor: Any, after: int, limit: int | None = EVENTS_AT_ONCE) -> tuple[int | None, int]:
    """The last event to look at now, None where there is none after `after`; and up to where none can come any more."""
    cursor.execute(_UNTIL.format(events=pairs_sql.quoted(Event)), {"after": after, "limit": limit})
    until, settled = cursor.fetchone()
    return until, settled


def _given(state: SignalState) -> dict[str, Any]:
    return {
        "half_life": state.pairs,
        "gap": timedelta(minutes=settings.VISIT_GAP_MINUTES),
        **counters.parameters(),
    }


def _state() -> SignalState:
    state = SignalState.objects.filter(pk=THE_ROW).first()
    if state is None:
        state, _made = SignalState.objects.get_or_create(pk=THE_ROW, defaults=asdict(suitable_half_lives(0.0, 0.0)))
    return state
