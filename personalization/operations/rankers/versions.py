"""Keeps fits as versions, and lets one rank: by the gate, or by an editor who goes back or forth."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry

from personalization.conf import settings
from personalization.models import Ranker, RankerVersion

from .fitted import FittedRanker
from .live import forget_live

USE = "personalization.ranker.use"
RELEASE = "personalization.ranker.release"
ASK = "personalization.ranker.ask"


@transaction.atomic
def store(fitted: FittedRanker) -> RankerVersion:
    """Keep a fit as the next version."""
    last = RankerVersion.objects.aggregate(Max("number"))["number__max"] or 0
    return RankerVersion.objects.create(
        number=last + 1,
        method=fitted.method,
        parameters=fitted.parameters,
        learned_from=dict(fitted.learned_from),
        evaluation=dict(fitted.evaluation),
        refusal=dict(fitted.refusal),
    )


@transaction.atomic
def put_live(version: RankerVersion | None, user: AbstractBaseUser | None = None, *, is_held: bool = True) -> int:
    """Let this version rank from now on; None: the weighted blend. The number of what ranked before, 0 for the blend.

    With a `user` it is an editor's choice; with `is_held` no new version goes live by itself until `release`.
    """
    ranker = Ranker.objects.select_for_update(of=["self"]).select_related("current").get(pk=Ranker.load().pk)
    before, number = (one.number if one else 0 for one in (ranker.current, version))
    ranker.current, ranker.is_held = version, is_held if user else ranker.is_held
    ranker.save(update_fields=["current", "is_held"])
    log(instance=ranker, action=USE, user=user, data={"number": number, "before": before})
    transaction.on_commit(forget_live)
    return before


def ranked_before() -> RankerVersion | None:
    """What ranked before the live version, as the log has it; None: the weighted blend, or a version that is gone."""
    ranker = Ranker.load()
    entries = ModelLogEntry.objects.for_instance(ranker).filter(action=USE).order_by("-timestamp", "-pk")
    before = next((entry.data.get("before", 0) for entry in entries[:1]), 0)
    version = RankerVersion.objects.filter(number=before).first()
    return None if version == ranker.current else version


@transaction.atomic
def release(user: AbstractBaseUser) -> None:
    """Let new versions go live by themselves again, where they are better."""
    ranker = Ranker.load()
    if Ranker.objects.filter(pk=ranker.pk, is_held=True).update(is_held=False):
        log(instance=ranker, action=RELEASE, user=user)


def forget_old_versions() -> None:
    """Keep the live version and the latest RANKER_KEEP_VERSIONS."""
    kept = list(RankerVersion.objects.values_list("pk", flat=True)[: settings.RANKER_KEEP_VERSIONS])
    RankerVersion.objects.exclude(pk__in=[*kept, Ranker.load().current_id or 0]).delete()
