"""What a worker is asked to learn: each segmentation's row says what it waits for."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from wagtail.log_actions import log

from personalization.conf import settings
from personalization.exceptions import NotLearned
from personalization.models import LearnedSegmentation

from .crowds import fit_crowds
from .fitted import Tell
from .goals import fit_goal
from .scoring import score_everybody
from .versions import forget_old_versions, put_in_use, store

logger = logging.getLogger(__name__)

LEASE = timedelta(hours=1)
"""A worker that has not finished by then is taken for dead."""

Waiting = LearnedSegmentation.Waiting


def ask(segmentation: LearnedSegmentation, user: AbstractBaseUser | None = None) -> None:
    """Have the segmentation fitted anew as soon as a worker is free."""
    LearnedSegmentation.objects.filter(pk=segmentation.pk).update(waiting=Waiting.FIT, progress=0)
    if user:
        log(instance=segmentation, action="personalization.learned.ask", user=user)


def ask_nightly() -> None:
    """Have those fitted anew whose last fit is older than LEARNED_REFIT_HOURS."""
    # An hour less: last night's fit began a little after its time.
    due = timezone.now() - timedelta(hours=settings.LEARNED_REFIT_HOURS - 1)
    old = Q(tried_at__isnull=True) | Q(tried_at__lt=due)
    LearnedSegmentation.objects.filter(old, is_enabled=True).update(waiting=Waiting.FIT, progress=0)


def work_off() -> int:
    """Do what is asked for, one after another; how much was done. Two workers never do the same."""
    done = 0
    while segmentation := _claim():
        _serve(segmentation)
        done += 1
    return done


def _claim() -> LearnedSegmentation | None:
    now = timezone.now()
    is_free = Q(started_at__isnull=True) | Q(started_at__lt=now - LEASE)
    for segmentation in LearnedSegmentation.objects.filter(is_free).exclude(waiting="").order_by("pk"):
        mine = LearnedSegmentation.objects.filter(is_free, pk=segmentation.pk, waiting=segmentation.waiting)
        if mine.update(started_at=now, waiting="", progress=0):
            return segmentation
    return None


def _serve(segmentation: LearnedSegmentation) -> None:
    """Fit or score. What fails is said in `outcome`, and tried again when it is next asked for."""
    outcome: dict[str, object] = {}
    try:
        if segmentation.waiting == Waiting.FIT:
            outcome = _fit(segmentation, _teller(segmentation.pk, 0, 80))
        score_everybody(_teller(segmentation.pk, 80, 100))
    except NotLearned as error:
        outcome = {"message": error.message, "params": error.params}
    except Exception:
        logger.exception("Segments of %s could not be learned.", segmentation)
        outcome = {"message": _("Something went wrong. The worker’s log says what."), "params": {}}
    done: dict[str, object] = {"started_at": None, "progress": 100}
    if segmentation.waiting == Waiting.FIT:
        done |= {"outcome": outcome, "tried_at": timezone.now()}
    LearnedSegmentation.objects.filter(pk=segmentation.pk).update(**done)


def _fit(segmentation: LearnedSegmentation, tell: Tell) -> dict[str, object]:
    fitted = (fit_goal if segmentation.is_of_goal else fit_crowds)(segmentation, tell)
    version = store(segmentation, fitted)
    if not fitted.refusal:
        put_in_use(version)
    forget_old_versions(segmentation)
    return dict(fitted.refusal)


def _teller(segmentation_id: int, low: int, high: int) -> Tell:
    """Writes progress within a part of the whole where editors see it."""

    def tell(percent: int) -> None:
        progress = low + (high - low) * percent // 100
        LearnedSegmentation.objects.filter(pk=segmentation_id).update(progress=progress)

    return tell
