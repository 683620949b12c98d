"""By which half-lives the signals are counted, and up to where they have been."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from typing import Any, Final

from django.db import models
from django.db.models import QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from personalization.conf import settings
from personalization.recommendation.history import covisits, popularity, sessions

THE_ROW: Final = 1
HALF_LIVES: Final = ("fast", "medium", "slow")
"""Those of reads."""


@dataclass(frozen=True, slots=True)
class HalfLives:
    """In seconds: of reads (short, middle, long), of pages read together and one after the other, of sessions."""

    fast: float
    medium: float
    slow: float
    pairs: float
    sessions: float

    def differ(self, others: HalfLives, times: float) -> bool:
        """Whether any of them is so many times as long as the other, or more."""
        both = zip(astuple(self), astuple(others), strict=True)
        return any(max(one, other) >= times * min(one, other) for one, other in both)


class SignalState(models.Model):
    """One row. What was counted by one half-life says nothing by another: these change only as all is counted anew."""

    fast = models.FloatField(_("short half-life of reads"))
    medium = models.FloatField(_("middle half-life of reads"))
    slow = models.FloatField(_("long half-life of reads"))
    pairs = models.FloatField(_("half-life of pages read together"))
    sessions = models.FloatField(_("half-life of sessions"))
    last_event = models.BigIntegerField(
        _("last event"), default=0, help_text=_("All events up to this one were looked at for sessions.")
    )
    settled_at = models.DateTimeField(_("settled at"), auto_now=True)

    class Meta:
        verbose_name = _("state of the signals")
        verbose_name_plural = _("states of the signals")

    def __str__(self) -> str:
        return str(self.last_event)

    @property
    def half_lives(self) -> HalfLives:
        """Those in force."""
        return HalfLives(self.fast, self.medium, self.slow, self.pairs, self.sessions)


def half_lives_in_force() -> HalfLives:
    """What the signals are counted by now. One query."""
    state = SignalState.objects.filter(pk=THE_ROW).first()
    return suitable_half_lives(0.0, 0.0) if state is None else state.half_lives


def with_half_lives(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows with those in force beside them, as `half_fast` and so on: no query more."""
    unsettled = asdict(suitable_half_lives(0.0, 0.0))
    state = SignalState.objects.filter(pk=THE_ROW)
    half_lives = {f"half_{name}": Coalesce(Subquery(state.values(name)), Value(unsettled[name])) for name in HALF_LIVES}
    annotated: QuerySet[Any] = rows.annotate(**half_lives)
    return annotated


def suitable_half_lives(views_per_hour: float, sessions_per_hour: float) -> HalfLives:
    """The settings' half-lives; where a setting is None, what suits a site that is read so much.

    Never longer than events are kept: of what is older nothing could be counted anew.
    """
    longest = settings.EVENTS_RETENTION_DAYS * 86400.0
    scale = min(1.0, longest / popularity.half_lives(views_per_hour)[-1])
    own = [half_life * scale for half_life in popularity.half_lives(views_per_hour)]
    fast, medium, slow = _seconds(settings.TRENDING_HALF_LIVES_HOURS) or own
    (pairs,) = _seconds(settings.COVISITS_HALF_LIFE_HOURS) or [min(longest, covisits.half_life(views_per_hour))]
    (of_sessions,) = _seconds(settings.SESSIONS_HALF_LIFE_HOURS) or [
        min(longest, sessions.half_life(sessions_per_hour))
    ]
    return HalfLives(fast, medium, slow, pairs, of_sessions)


def _seconds(hours: float | tuple[float, ...] | None) -> list[float] | None:
    if hours is None:
        return None
    return [one * 3600.0 for one in (hours if isinstance(hours, list | tuple) else (hours,))]
