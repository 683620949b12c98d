"""Celery's side of visitors: thin, idempotent, ids only.

The sweep puts itself on beat's schedule; without beat, only what was sent while the broker was down waits for
its reader's next page.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any

from celery import Celery, current_app, shared_task
from celery.schedules import crontab
from django.core.cache import cache
from django.db import transaction
from kombu.pools import producers

from personalization.conf import settings
from personalization.operations import exposure, learning, rankers, related
from personalization.visitors import (
    belonging,
    counts,
    crowds,
    factors,
    folding,
    pairs,
    partitions,
    retention,
    sequences,
    signals,
)
from personalization.visitors.sinks import Drained, EventSink, get_sink

logger = logging.getLogger(__name__)

SWEEP_EVERY_SECONDS = 60.0
SIGNALS_EVERY_SECONDS = 30.0
DRAIN_EVERY_SECONDS = 5.0
DRAIN_FOR_SECONDS = 30.0
MAINTAIN_EVERY_SECONDS = 3600.0
SWEEP_AFTER = timedelta(minutes=1)
SWEEP_AT_ONCE = 500
FOLD_EVERY_SECONDS = 2.0
CLOCKS_DIFFER_SECONDS = 0.5
FOLD_AT_ONCE = 50
WAITING_AT_ONCE = 2000
FORGET_EVERY_SECONDS = 6 * 3600.0
FORGET_AT_ONCE = 500
RELATE_ONCE_IN_SECONDS = 10
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
    _fold_each(visitor_ids)


@shared_task(name="personalization.fold_waiting", **RETRY)
def fold_waiting() -> None:
    """Every few seconds while events come: fold what waits by now, with whichever workers are free."""
    waiting = [str(visitor_id) for visitor_id in folding.visitors_to_fold(None, WAITING_AT_ONCE)]
    for start in range(FOLD_AT_ONCE, len(waiting), FOLD_AT_ONCE):
        _broker.send(fold_profiles, waiting[start : start + FOLD_AT_ONCE])
    _fold_each(waiting[:FOLD_AT_ONCE])


@shared_task(name="personalization.drain_events", acks_late=True, ignore_result=True)
def drain_events() -> None:
    """Every few seconds where EVENT_SINK is a buffer: bring what waits into the database. The next run tries again."""
    sink, end = get_sink(), time.monotonic() + DRAIN_FOR_SECONDS
    while time.monotonic() < end and drain(sink).batches:
        pass


@shared_task(name="personalization.fold_leftovers", **RETRY)
def fold_leftovers() -> None:
    """Each minute: fold what no message was sent for."""
    _fold_each(map(str, folding.visitors_to_fold(SWEEP_AFTER, SWEEP_AT_ONCE)))


@shared_task(name="personalization.maintain_events", **RETRY)
def maintain_events() -> None:
    """Each hour: make the event table's next partitions, and drop what was kept long enough."""
    partitions.make_ahead()
    partitions.drop_old()
    counts.roll_up()
    while retention.forget_old_slates(FORGET_AT_ONCE):
        pass


@shared_task(name="personalization.update_signals", acks_late=True, ignore_result=True)
def update_signals() -> None:
    """Every few seconds: count which pages were read together and one after the other. The next run tries again."""
    while pairs.update():
        pass


@shared_task(name="personalization.keep_signals", acks_late=True, ignore_result=True)
def keep_signals() -> None:
    """Each hour: drop what is too old or weak; count anew where the half-lives no longer suit the site."""
    signals.keep()


@shared_task(name="personalization.fit_factors", acks_late=True, ignore_result=True)
def fit_factors() -> None:
    """Each night, where FACTORS names a method: factorise anew who read what."""
    factors.fit()


@shared_task(name="personalization.fit_sequences", acks_late=True, ignore_result=True)
def fit_sequences() -> None:
    """Each night, where SEQUENCES names a network: learn anew what is read next, and whether that beats counting."""
    sequences.fit()


@shared_task(name="personalization.measure_segments", **RETRY)
def measure_segments() -> None:
    """Each night: see who belongs by now, and write down how many visitors each segment has."""
    belonging.refresh()
    crowds.measure_segments()


@shared_task(name="personalization.measure_exposure", **RETRY)
def measure_exposure() -> None:
    """Each night: see whether some pages are shown much less or more than their share, or than before."""
    exposure.measure()


@shared_task(name="personalization.learn", acks_late=True, ignore_result=True)
def learn() -> None:
    """Each minute, and when an editor asks: learn the segments that wait for it."""
    learning.work_off()


@shared_task(name="personalization.learn_nightly", **RETRY)
def learn_nightly() -> None:
    """Each night: learn anew what was learned long enough ago."""
    learning.ask_nightly()
    learn()


@shared_task(name="personalization.rank", acks_late=True, ignore_result=True)
def rank() -> None:
    """Each minute, and when an editor asks: fit the ranker where it waits for it."""
    rankers.work_off()


@shared_task(name="personalization.rank_nightly", **RETRY)
def rank_nightly() -> None:
    """Each night: fit the ranker to what was served and clicked lately."""
    rankers.ask()
    rank()


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


def _fold_each(visitor_ids: Iterable[str]) -> None:
    """Fold them all, and only then complain of the one that could not be."""
    failure: Exception | None = None
    for visitor_id in visitor_ids:
        try:
            fold_profile(visitor_id)
        except Exception as error:
            logger.exception("The events of a visitor could not be folded.")
            failure = error
    if failure is not None:
        raise failure


@shared_task(name="personalization.refresh_related", **RETRY)
def refresh_related() -> None:
    """Each minute, and soon after pages were analysed: make their related pages anew, and those of pages nearby."""
    while related.refresh_related():
        pass


@shared_task(name="personalization.renew_related", **RETRY)
def renew_related() -> None:
    """Each night: have all related pages made anew, since what is rare on a site changes with all its pages."""
    related.mark_everything()


def drain(sink: EventSink, wait_seconds: float = 0.0) -> Drained:
    """One turn of draining the sink, with its visitors' profiles to be folded by whichever worker is free."""
    drained = sink.drain(wait_seconds)
    if drained.visitors:
        _broker.send(fold_profiles, sorted(map(str, drained.visitors)))
    return drained


def schedule(app: Celery) -> None:
    """Put the periodic tasks on an app's schedule; beat reads it, whatever its scheduler."""
    tasks = [(task, SWEEP_EVERY_SECONDS) for task in (fold_leftovers, learn, rank, refresh_related)]
    tasks += [(update_signals, SIGNALS_EVERY_SECONDS), (keep_signals, MAINTAIN_EVERY_SECONDS)]
    tasks += [(maintain_events, MAINTAIN_EVERY_SECONDS), (forget_the_gone, FORGET_EVERY_SECONDS)]
    if settings.EVENT_SINK != "database":
        tasks.append((drain_events, DRAIN_EVERY_SECONDS))
    for task, seconds in tasks:
        app.add_periodic_task(seconds, task.s(), name=task.name, expires=seconds)
    app.add_periodic_task(crontab(hour="3", minute="20"), learn_nightly.s(), name=learn_nightly.name)
    app.add_periodic_task(crontab(hour="3", minute="35"), rank_nightly.s(), name=rank_nightly.name)
    app.add_periodic_task(crontab(hour="4", minute="20"), fit_factors.s(), name=fit_factors.name)
    app.add_periodic_task(crontab(hour="4", minute="40"), fit_sequences.s(), name=fit_sequences.name)
    app.add_periodic_task(crontab(hour="4", minute="30"), renew_related.s(), name=renew_related.name)
    app.add_periodic_task(crontab(hour="3", minute="50"), measure_segments.s(), name=measure_segments.name)
    app.add_periodic_task(crontab(hour="4", minute="10"), measure_exposure.s(), name=measure_exposure.name)


class _Broker:
    """Sends without failing the request that asks, nor holding each of them up while there is no broker."""

    def __init__(self) -> None:
        self._paused_until = 0.0

    def send(self, task: Any, *arguments: Any, countdown: float | None = None) -> None:
        if time.monotonic() < self._paused_until:
            return
        try:
            with self._producers.acquire(block=True, timeout=1) as producer:
                options = {"countdown": countdown} if countdown else {}
                task.apply_async(arguments, producer=producer, retry=True, retry_policy=BROKER_RETRY, **options)
        except Exception:
            self._paused_until = time.monotonic() + BROKER_PAUSE_SECONDS
            logger.exception("The broker took no task; the sweep folds what waits.")

    @cached_property
    def _producers(self) -> Any:
        """Kept connections of our own: Celery's would try a broker that is down for seconds."""
        return producers[current_app.connection_for_write(connect_timeout=1, transport_options=BROKER_OPTIONS)]


_broker = _Broker()


class _FoldRequests:
    """Asks for folding at once in quiet times, else once for all that comes within `FOLD_EVERY_SECONDS`.

    A message costs a request more than its events do. One that waits in the broker for its time covers whoever comes
    meanwhile, whichever process they come to.
    """

    def __init__(self) -> None:
        self._covered_until = self._quiet_from = 0.0

    def ask(self, visitor_id: uuid.UUID) -> None:
        now = time.monotonic()
        if now < self._covered_until:
            return
        if now >= self._quiet_from:
            self._quiet_from = now + FOLD_EVERY_SECONDS
            _broker.send(fold_profile, str(visitor_id))
            return
        self._covered_until = now + FOLD_EVERY_SECONDS
        self._quiet_from = self._covered_until + FOLD_EVERY_SECONDS
        _broker.send(fold_waiting, countdown=FOLD_EVERY_SECONDS + CLOCKS_DIFFER_SECONDS)


_fold_requests = _FoldRequests()


def fold_soon(visitor_id: uuid.UUID) -> None:
    """Have a worker fold the visitor's events within seconds of this transaction's commit."""
    transaction.on_commit(lambda: _fold_requests.ask(visitor_id), robust=True)


def learn_soon() -> None:
    """Have a worker learn what waits for it as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(learn), robust=True)


def rank_soon() -> None:
    """Have a worker fit the ranker as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(rank), robust=True)


def relate_soon() -> None:
    """Have a worker make related pages anew; asked once for all pages of a few seconds."""
    if cache.add("personalization:related:asked", True, RELATE_ONCE_IN_SECONDS):
        transaction.on_commit(lambda: _broker.send(refresh_related), robust=True)


def score_soon() -> None:
    """Have a worker apply what was learned to all visitors as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(score_everybody), robust=True)


def refresh_segment_soon(segment_id: int) -> None:
    """Have a worker see who belongs to the segment as soon as this transaction is committed."""
    transaction.on_commit(lambda: _broker.send(refresh_segment, segment_id), robust=True)
