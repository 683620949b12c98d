"""Celery's side of visitors: thin, idempotent, ids only.

The sweep puts itself on beat's schedule; without beat, only what was sent while the broker was down waits for
its reader's next page.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from celery import Celery, current_app, shared_task
from celery.schedules import crontab
from django.db import transaction
from kombu.pools import producers

from personalization.conf import settings
from personalization.operations import learning
from personalization.visitors import belonging, counts, crowds, folding, partitions, retention
from personalization.visitors.sinks import Drained, EventSink, get_sink

logger = logging.getLogger(__name__)

SWEEP_EVERY_SECONDS = 60.0
DRAIN_EVERY_SECONDS = 5.0
DRAIN_FOR_SECONDS = 30.0
MAINTAIN_EVERY_SECONDS = 3600.0
SWEEP_AFTER = timedelta(minutes=1)
SWEEP_AT_ONCE = 500
FORGET_EVERY_SECONDS = 6 * 3600.0
FORGET_AT_ONCE = 500
RETRY: dict[str, Any] = {
    "acks_late": True,
    "ignore_result": True,
    "autoretry_for": (Exception,),
    "retry_backoff": 2,
    "retry_backoff_max": 300,
    "retry_jitter": True,
    "max_retries": 3,
}
BROKER_OPTIONS = {"max_retries": 0, "socket_connect_timeout": 1, "socket_timeout": 1}
BROKER_RETRY = {"max_retries": 1, "interval_start": 0}
"""A kept connection may have gone stale."""

BROKER_PAUSE_SECONDS = 30


@shared_task(name="personalization.fold_profile", **RETRY)
def fold_profile(visitor_id: str) -> None:
    """Fold a visitor's new events into the profile."""
    while folding.fold_visitor(uuid.UUID(visitor_id)):
        pass


@shared_task(name="personalization.fold_profiles", **RETRY)
def fold_profiles(visitor_ids: Sequence[str]) -> None:
    """Fold the new events of many visitors."""
    for visitor_id in visitor_ids:
        fold_profile(visitor_id)


@shared_task(name="personalization.drain_events", acks_late=True, ignore_result=True)
def drain_events() -> None:
    """Every few seconds where EVENT_SINK is a buffer: bring what waits into the database. The next run tries again."""
    sink, end = get_sink(), time.monotonic() + DRAIN_FOR_SECONDS
    while time.monotonic() < end and drain(sink).batches:
        pass


@shared_task(name="personalization.fold_leftovers", **RETRY)
def fold_leftovers() -> None:
    """Each minute: fold what no message was sent for."""
    for visitor_id in folding.visitors_to_fold(SWEEP_AFTER, SWEEP_AT_ONCE):
        fold_profile(str(visitor_id))


@shared_task(name="personalization.maintain_events", **RETRY)
def maintain_events() -> None:
    """Each hour: make the event table's next partitions, and drop what was kept long enough."""
    partitions.make_ahead()
    partitions.drop_old()
    counts.roll_up()


@shared_task(name="personalization.measure_segments", **RETRY)
def measure_segments() -> None:
    """Each night: see who belongs by now, and write down how many visitors each segment has."""
    belonging.refresh()
    crowds.measure_segments()


@shared_task(name="personalization.learn", acks_late=True, ignore_result=True)
def learn() -> None:
    """Each minute, and when an editor asks: learn the segments that wait for it."""
    learning.work_off()


@shared_task(name="personalization.learn_nightly", **RETRY)
def learn_nightly() -> None:
    """Each night: learn anew what was learned long enough ago."""
    learning.ask_nightly()
    learn()


@shared_task(name="personalization.score_everybody", **RETRY)
def score_everybody() -> None:
    """Write anew which learned clusters and segments each visitor is of."""
    learning.score_everybody()


@shared_task(name="personalization.forget_the_gone", **RETRY)
def forget_the_gone() -> None:
    """Every few hours: delete visitors who stayed away for so long that no cookie names them any more."""
    while retention.forget_the_gone(FORGET_AT_ONCE):
        pass


@shared_task(name="personalization.refresh_segment", **RETRY)
def refresh_segment(segment_id: int) -> None:
    """Put visitors into the segment whose rules an editor changed, and take others out."""
    belonging.refresh(segment_id)


def drain(sink: EventSink, wait_seconds: float = 0.0) -> Drained:
    """One turn of draining the sink, with its visitors' profiles to be folded by whichever worker is free."""
    drained = sink.drain(wait_seconds)
    if drained.visitors:
        _broker.send(fold_profiles, sorted(map(str, drained.visitors)))
    return drained


def schedule(app: Celery) -> None:
    """Put the periodic tasks on an app's schedule; beat reads it, whatever its scheduler."""
    tasks = [(fold_leftovers, SWEEP_EVERY_SECONDS), (learn, SWEEP_EVERY_SECONDS)]
    tasks += [(maintain_events, MAINTAIN_EVERY_SECONDS), (forget_the_gone, FORGET_EVERY_SECONDS)]
    if settings.EVENT_SINK != "database":
        tasks.append((drain_events, DRAIN_EVERY_SECONDS))
    for task, seconds in tasks:
        app.add_periodic_task(seconds, task.s(), name=task.name, expires=seconds)
    app.add_periodic_task(crontab(hour="3", minute="20"), learn_nightly.s(), name=learn_nightly.name)
    app.add_periodic_task(crontab(hour="3", minute="50"), measure_segments.s(), name=measure_segments.name)


class _Broker:
    """Sends without failing the request that asks, nor holding each of them up while there is no broker."""

    def __init__(self) -> None:
        self._paused_until = 0.0

    def send(self, task: Any, *arguments: Any) -> None:
        if time.monotonic() < self._paused_until:
            return
        try:
            with self._producers.acquire(block=True, timeout=1) as producer:
                task.apply_async(arguments, producer=producer, retry=True, retry_policy=BROKER_RETRY)
        except Exception:
            self._paused_until = time.monotonic() + BROKER_PAUSE_SECONDS
            logger.exception("The broker took no task; the sweep folds what waits.")

    @cached_property
    def _producers(self) -> Any:
        """Kept connections of our own: Celery's would try a broker that is down for seconds."""
        return producers[current_app.connection_for_write(connect_timeout=1, transport_options=BROKER_OPTIONS)]


_broker = _Broker()


def fold_soon(visitor_id: uuid.UUID) -> None:
    """Have a worker fold the visitor's events as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(fold_profile, str(visitor_id)), robust=True)


def learn_soon() -> None:
    """Have a worker learn what waits for it as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(learn), robust=True)


def score_soon() -> None:
    """Have a worker apply what was learned to all visitors as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(score_everybody), robust=True)


def refresh_segment_soon(segment_id: int) -> None:
    """Have a worker see who belongs to the segment as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(refresh_segment, segment_id), robust=True)
