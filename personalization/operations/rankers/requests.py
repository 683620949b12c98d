"""What a worker is asked to do about the ranker: its row says what it waits for."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from wagtail.log_actions import log

from personalization.conf import settings
from personalization.models import Ranker
from personalization.operations.fitting import Outcome, attempt, claimed, finish, teller

from .fit import fit_ranker
from .versions import ASK, forget_old_versions, put_live, store


def ask(user: AbstractBaseUser | None = None) -> None:
    """Have the ranker fitted anew as soon as a worker is free. Nothing where RANKER is ""."""
    if not settings.RANKER:
        return
    ranker = Ranker.load()
    Ranker.objects.filter(pk=ranker.pk).update(waiting=Ranker.Waiting.FIT, progress=0)
    if user:
        log(instance=ranker, action=ASK, user=user)


def work_off() -> int:
    """Fit what waits to be fitted; how much that was. Two workers never do the same."""
    done = 0
    for ranker in claimed(Ranker):
        finish(ranker, attempt(ranker, partial(_fit, ranker)))
        done += 1
    return done


def _fit(ranker: Ranker) -> Outcome:
    fitted = fit_ranker(teller(ranker), is_held=ranker.is_held)
    version = store(fitted)
    if not fitted.refusal:
        put_live(version)
    forget_old_versions()
    return dict(fitted.refusal)
