"""What a worker is asked to learn: each segmentation's row says what it waits for."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone
from wagtail.log_actions import log

from personalization.conf import settings
from personalization.models import LearnedSegmentation
from personalization.operations.fitting import Outcome, Tell, attempt, claimed, finish, teller

from .crowds import fit_crowds
from .goals import fit_goal
from .scoring import score_everybody
from .versions import forget_old_versions, put_in_use, store

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
    for segmentation in claimed(LearnedSegmentation):
        outcome = attempt(segmentation, partial(_serve, segmentation))
        finish(segmentation, outcome if segmentation.waiting == Waiting.FIT else None)
        done += 1
    return done


def _serve(segmentation: LearnedSegmentation) -> Outcome:
    """Fit or score."""
    outcome: Outcome = {}
    if segmentation.waiting == Waiting.FIT:
        outcome = _fit(segmentation, teller(segmentation, 0, 80))
    score_everybody(teller(segmentation, 80, 100))
    return outcome


def _fit(segmentation: LearnedSegmentation, tell: Tell) -> Outcome:
    fitted = (fit_goal if segmentation.is_of_goal else fit_crowds)(segmentation, tell)
    version = store(segmentation, fitted)
    if not fitted.refusal:
        put_in_use(version)
    forget_old_versions(segmentation)
    return dict(fitted.refusal)
