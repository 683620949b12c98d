"""New pages that hardly anybody was shown yet."""

from __future__ import annotations

from datetime import timedelta

from django.core.cache import cache
from django.db.models import OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from personalization.conf import settings
from personalization.models import Event, EventCount
from personalization.sources import SourceRequest
from personalization.visibility import visible_pages

MOST = 40


def newcomers(request: SourceRequest) -> dict[int, int]:
    """Page id → the impressions that a page of the last `NEW_PAGE_DAYS` lacks to `EXPLORATION_MINIMUM`.

    Those that lack most, the newest first, at most `MOST`. Kept for `SLATE_CACHE_SECONDS`: it is nobody's.
    """
    if settings.EXPLORATION_MINIMUM <= 0:
        return {}
    query = request.query
    key = f"personalization:newcomers:{query.site_id}:{query.locale_id}:{hash(request.types)}"
    found: dict[int, int] | None = cache.get(key)
    if found is None:
        found = _read(request)
        cache.set(key, found, settings.SLATE_CACHE_SECONDS)
    return {page_id: lacking for page_id, lacking in found.items() if page_id not in request.exclude}


def _read(request: SourceRequest) -> dict[int, int]:
    query, minimum = request.query, settings.EXPLORATION_MINIMUM
    since = query.context.at - timedelta(days=settings.NEW_PAGE_DAYS)
    seen = EventCount.objects.filter(page=OuterRef("pk"), kind=Event.Kind.IMPRESSION).order_by()
    impressions = seen.values("page").annotate(total=Sum("n")).values("total")
    pages = visible_pages(query.site_id, query.locale_id).filter(first_published_at__gte=since)
    if request.types:
        pages = pages.filter(content_type_id__in=request.types)
    rows = pages.annotate(impressions=Coalesce(Subquery(impressions), 0)).filter(impressions__lt=minimum)
    ordered = rows.order_by("impressions", "-first_published_at", "pk")[:MOST]
    return {page_id: minimum - shown for page_id, shown in ordered.values_list("pk", "impressions")}
