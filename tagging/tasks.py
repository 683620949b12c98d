"""Celery tasks: thin shells round `operations`. All are idempotent; none is needed for anything to be kept.

The tasks put themselves on beat's schedule (`schedule`, called when the app is ready): a site that runs
`celery -A its_project beat` needs no setting. A site without beat still analyses what it publishes; only
what was published while the broker was down waits for the next publish.
"""

from __future__ import annotations

import logging
import time
from typing import Any
from uuid import UUID

from celery import Celery, current_app, shared_task
from celery.schedules import crontab
from django.db import transaction

from tagging import operations
from tagging.exceptions import WorkerUnreachable

logger = logging.getLogger(__name__)

RETRY: dict[str, Any] = {
    "acks_late": True,
    "ignore_result": True,
    "autoretry_for": (Exception,),
    "retry_backoff": 5,
    "retry_backoff_max": 600,
    "retry_jitter": True,
    "max_retries": 3,
}
BROKER_TIMEOUT_SECONDS = 1
BROKER_OPTIONS = {
    "max_retries": 0,
    "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
    "socket_timeout": BROKER_TIMEOUT_SECONDS,
}
BROKER_PAUSE_SECONDS = 30


@shared_task(name="tagging.analyze_stale", **RETRY)
def analyze_stale() -> None:
    """Analyse one batch of waiting pages, and ask for the next one while there are any."""
    if operations.analyze_batch().claimed:
        analyze_stale.delay()


@shared_task(name="tagging.sweep", **RETRY)
def sweep() -> None:
    """Each minute: pick up what no message was sent for."""
    operations.forget_inquiries()
    if operations.sweep():
        analyze_stale.delay()


@shared_task(name="tagging.maintain", **RETRY)
def maintain() -> None:
    """Each night: indexes and filter columns."""
    operations.maintain()


@shared_task(name="tagging.answer", acks_late=True, ignore_result=True)
def answer(inquiry_id: str) -> None:
    """Answer what an editor waits for; never tried again, since the editor can ask again."""
    operations.answer(UUID(inquiry_id))


def schedule(app: Celery) -> None:
    """Put the periodic tasks on an app's schedule; beat reads it, whatever its scheduler."""
    app.add_periodic_task(60.0, sweep.s(), name="tagging.sweep", expires=50)
    app.add_periodic_task(crontab(hour="3", minute="40"), maintain.s(), name="tagging.maintain")


class _Broker:
    """Sends tasks without ever failing, or holding up, the request that asks for them."""

    def __init__(self) -> None:
        self._paused_until = 0.0

    def send(self, task: Any, *arguments: Any) -> bool:
        """Returns whether the broker took it."""
        if time.monotonic() < self._paused_until:
            return False
        try:
            # A connection of its own: Celery's pooled one tries a broker that is down for six seconds and more.
            with current_app.connection_for_write(
                connect_timeout=BROKER_TIMEOUT_SECONDS, transport_options=BROKER_OPTIONS
            ) as connection:
                task.apply_async(args=arguments, connection=connection, retry=False)
        except Exception:
            self._paused_until = time.monotonic() + BROKER_PAUSE_SECONDS
            logger.exception("The broker did not take a task; the sweep will find what waits.")
            return False
        return True


_broker = _Broker()


def wake_worker() -> None:
    """Have a worker look for waiting pages as soon as the transaction is committed."""
    transaction.on_commit(lambda: _broker.send(analyze_stale), robust=True)


def ask_worker(kind: str, question: dict[str, Any], user: Any) -> UUID:
    """Ask a worker; `operations.collect` gives the answer. Not to be called in a transaction.

    Raises WorkerUnreachable where the broker does not take the question, which is then forgotten.
    """
    inquiry_id = operations.ask(kind, question, user)
    if not _broker.send(answer, str(inquiry_id)):
        operations.withdraw(inquiry_id)
        raise WorkerUnreachable
    return inquiry_id


def wake_sweep() -> None:
    """Have a worker look for pages that a change of topics made outdated, after the commit."""
    transaction.on_commit(lambda: _broker.send(sweep), robust=True)
