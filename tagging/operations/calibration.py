"""The curve that turns scores into probabilities, fitted anew whenever editors have decided enough.

Its id is part of the topic set's version: with each fit all pages are scored again, and so what editors
decided on some pages reaches all others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from tagging.models import Suggestion, TopicCalibration
from tagging.topics import HALF_LIFE_DAYS, Calibration, calibrate

from .embedding_models import LOCK_NAMESPACE
from .lessons import NEWEST, SECONDS_A_DAY, decided

LEAST_NEW, NEW_SHARE = 20, 0.05  # so many new decisions, and so many of all, make a new fit
KEPT = 100  # fits
LOCK = 0  # beside LOCK_NAMESPACE: no embedding model has this id


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """What was promised and what editors made of it, newest first; one value of each array for each topic of a page.

    `promised` are the probabilities that were shown, `logits` what they were before calibration; both were
    made without knowing the verdict. `kept`: the editor took the topic.
    """

    promised: npt.NDArray[np.float64]
    logits: npt.NDArray[np.float64]
    kept: npt.NDArray[np.bool_]
    age_days: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kept)


def verdicts() -> Verdicts:
    """The newest verdicts, at most `NEWEST`. Two queries.

    A topic that was applied counts as kept where an editor decided about others of the page and left it:
    nobody accepts what stands there already, so that else only the mistakes would count.
    """
    found = [*_newest(decided().annotate(at=F("decided_at"))), *_newest(_left_standing())]
    rows = sorted(found, key=lambda row: row.at, reverse=True)[:NEWEST]
    now = timezone.now()
    return Verdicts(
        promised=np.array([row.score for row in rows], dtype=np.float64),
        logits=np.array([row.logit for row in rows], dtype=np.float64),
        kept=np.array([row.state != Suggestion.State.REJECTED for row in rows], dtype=bool),
        age_days=np.array([max((now - row.at).total_seconds() / SECONDS_A_DAY, 0.0) for row in rows]),
    )


def newest_calibration() -> TopicCalibration | None:
    """The one that counts; None before the first fit."""
    return TopicCalibration.objects.first()


def curve(row: TopicCalibration | None) -> Calibration:
    """The curve of a fit; before the first one, that of the first day."""
    return Calibration(row.slope, row.intercept) if row else Calibration()


def refit(*, at_once: bool = False) -> bool:
    """Fit the curve if enough was decided since the last fit (`at_once`: if anything was); returns whether it was."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_NAMESPACE, LOCK])
        last = newest_calibration()
        known = decided()
        new = (known.filter(_since(last.fitted_at)) if last else known).count()
        if new < (1 if at_once else max(LEAST_NEW, NEW_SHARE * (known.count() - new))):
            return False
        _fit()
    return True


def _since(moment: datetime) -> Q:
    """Decided or, where a decision was adopted from elsewhere with its own date, written down since then."""
    return Q(decided_at__gt=moment) | Q(created_at__gt=moment)


def _fit() -> None:
    found = verdicts()
    fitted = calibrate(found.logits, found.kept, 0.5 ** (found.age_days / HALF_LIFE_DAYS))
    TopicCalibration.objects.create(decisions=len(found), slope=fitted.slope, intercept=fitted.intercept)
    kept = TopicCalibration.objects.values("pk")[:KEPT]
    TopicCalibration.objects.exclude(pk__in=Subquery(kept)).delete()


def _left_standing() -> QuerySet[Any]:
    """Applied topics that stood on a page when an editor decided about another one, with when that was."""
    same_page = decided().filter(page_id=OuterRef("page_id"), decided_at__gte=OuterRef("created_at"))
    when = Subquery(same_page.order_by("-decided_at").values("decided_at")[:1])
    return Suggestion.objects.filter(state=Suggestion.State.APPLIED).annotate(at=when).filter(at__isnull=False)


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows that the machine had foreseen, with nothing but what counts here."""
    foreseen = rows.filter(logit__isnull=False).exclude(source=Suggestion.Source.EDITOR).order_by("-at")
    return foreseen.values_list("score", "logit", "state", "at", named=True)[:NEWEST]
