"""What readers saw and clicked of what was recommended, counted from events."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, Count, F, FloatField, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from personalization.models import Event, Placement, ServedSlate

DAYS = 30


def placements_with_traffic(segment_id: int | None = None) -> QuerySet[Placement]:
    """Placements with `impressions`, `clicks` and `ctr` of the last `DAYS` days; `ctr` is None without impressions.

    With a segment, only what was served to visitors who belonged to it then.
    """
    counted = {
        "impressions": _count(Event.Kind.IMPRESSION, segment_id),
        "clicks": _count(Event.Kind.CLICK, segment_id),
    }
    ctr = Case(
        When(impressions__gt=0, then=Cast(F("clicks"), FloatField()) / Cast(F("impressions"), FloatField())),
        default=Value(None),
        output_field=FloatField(),
    )
    placements: QuerySet[Placement] = Placement.objects.annotate(**counted).annotate(ctr=ctr)
    return placements


def _count(kind: Event.Kind, segment_id: int | None) -> Coalesce:
    events = Event.objects.filter(placement=OuterRef("name"), kind=kind, at__gte=timezone.now() - timedelta(days=DAYS))
    if segment_id is not None:
        served = ServedSlate.objects.filter(segments__contains=[segment_id])
        events = events.filter(slate_id__in=served.values("pk"))
    counts = events.order_by().values("placement").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)
