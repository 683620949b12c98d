"""How long a visitor is kept who does not come back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from personalization.conf import settings
from personalization.models import Event, ServedSlate, Visitor

from . import cookie
from .store import delete_visitor


def kept_for() -> timedelta:
    """As long as the cookie may still name the visitor, who has it dated anew once a week at most."""
    return timedelta(days=settings.COOKIE_MAX_AGE_DAYS) + cookie.RENEW_AFTER


def deleted_after(visitor: Visitor) -> datetime:
    """When everything about the visitor is deleted, unless they come back before."""
    profile = getattr(visitor, "profile", None)
    seen = [visitor.consented_at, profile.last_seen if profile else None, _last_event(visitor)]
    return max(moment for moment in seen if moment is not None) + kept_for()


def forget_the_gone(limit: int) -> int:
    """Delete visitors whom no cookie can name any more, at most `limit`; how many there were."""
    since = timezone.now() - kept_for()
    came = Event.objects.filter(visitor=OuterRef("pk"), at__gte=since)
    gone = Visitor.objects.filter(~Exists(came), consented_at__lt=since).exclude(profile__last_seen__gte=since)
    return sum(delete_visitor(visitor_id) for visitor_id in list(gone.values_list("pk", flat=True)[:limit]))


def forget_old_slates(limit: int) -> int:
    """Delete lists served longer ago than events are kept, at most `limit`; how many there were."""
    since = timezone.now() - timedelta(days=settings.EVENTS_RETENTION_DAYS)
    old = ServedSlate.objects.filter(served_at__lt=since).order_by("served_at").values("pk")[:limit]
    return ServedSlate.objects.filter(pk__in=old).delete()[0]


def _last_event(visitor: Visitor) -> datetime | None:
    return visitor.events.order_by("-at").values_list("at", flat=True).first()
