"""Who waits for a worker, one after another: what segments and rankers have in common when they are fitted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from personalization.exceptions import NotLearned
from personalization.models.fitting import FittedByWorker

logger = logging.getLogger(__name__)

LEASE = timedelta(hours=1)
"""A worker that has not finished by then is taken for dead."""

Tell = Callable[[int], None]
"""Told how far a fit is, in percent."""

Outcome = dict[str, Any]
"""Why a fit came to nothing, message and params; empty where it did not."""

Row = TypeVar("Row", bound=FittedByWorker)


def claimed(model: type[Row]) -> Iterator[Row]:
    """Row after row that waits, each the caller's alone, with what it waited for in `waiting`."""
    while row := claim(model):
        yield row


def claim(model: type[Row]) -> Row | None:
    """A row that waits and that no living worker is at. Two workers never get the same."""
    now = timezone.now()
    is_free = Q(started_at__isnull=True) | Q(started_at__lt=now - LEASE)
    for row in model._default_manager.filter(is_free).exclude(waiting="").order_by("pk"):
        mine = model._default_manager.filter(is_free, pk=row.pk, waiting=row.waiting)
        if mine.update(started_at=now, waiting="", progress=0):
            return row
    return None


def attempt(row: FittedByWorker, fit: Callable[[], Outcome]) -> Outcome:
    """What comes of `fit`. What fails is said, and tried again when it is next asked for."""
    try:
        return fit()
    except NotLearned as error:
        return {"message": error.message, "params": error.params}
    except Exception:
        logger.exception("%s %s could not be fitted.", type(row).__name__, row)
        return {"message": _("Something went wrong. The worker’s log says what."), "params": {}}


def finish(row: FittedByWorker, outcome: Outcome | None) -> None:
    """Let go of a row. None: it was not fitted, so that its last outcome stands."""
    done: dict[str, object] = {"started_at": None, "progress": 100}
    if outcome is not None:
        done |= {"outcome": outcome, "tried_at": timezone.now()}
    type(row)._default_manager.filter(pk=row.pk).update(**done)


def teller(row: FittedByWorker, low: int = 0, high: int = 100) -> Tell:
    """Writes progress within a part of the whole where editors see it."""

    def tell(percent: int) -> None:
        type(row)._default_manager.filter(pk=row.pk).update(progress=low + (high - low) * percent // 100)

    return tell
