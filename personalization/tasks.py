"""Celery's side of visitors: thin, idempotent, ids only."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from functools import partial

from celery import shared_task
from django.db import OperationalError as DatabaseError
from django.db import transaction
from kombu.exceptions import OperationalError as BrokerError

from personalization.visitors import folding

logger = logging.getLogger(__name__)

SWEEP_AFTER = timedelta(minutes=1)
SWEEP_AT_ONCE = 500


@shared_task(ignore_result=True, autoretry_for=(DatabaseError,), retry_backoff=True, retry_jitter=True, max_retries=5)
def fold_profile(visitor_id: str) -> None:
    """Fold a visitor's new events into the profile."""
    while folding.fold_visitor(uuid.UUID(visitor_id)):
        pass


@shared_task(ignore_result=True, autoretry_for=(DatabaseError,), retry_backoff=True, retry_jitter=True, max_retries=5)
def fold_leftovers() -> None:
    """Beat's sweep: fold what no task has folded, as after a broker was down."""
    for visitor_id in folding.visitors_to_fold(SWEEP_AFTER, SWEEP_AT_ONCE):
        fold_profile(str(visitor_id))


def fold_soon(visitor_id: uuid.UUID) -> None:
    """Ask a worker to fold, once this transaction is committed. Without a broker the sweep does it later."""
    transaction.on_commit(partial(_enqueue, str(visitor_id)))


def _enqueue(visitor_id: str) -> None:
    try:
        fold_profile.apply_async((visitor_id,), retry=False)
    except (BrokerError, OSError) as error:
        logger.warning("The broker took no task (%s); the events wait for the next sweep.", error)
