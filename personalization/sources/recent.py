"""The newest pages."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from personalization.types import Candidate
from personalization.visibility import visible_pages

from .base import CandidateSource, SourceRequest, register

HALF_LIFE_DAYS = 30.0


@register
class RecentSource(CandidateSource):
    """Pages by first publication, newest first. Score: 1 for a page published now, half of it every 30 days."""

    name = "recent"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        query = request.query
        pages = visible_pages(query.site_id, query.locale_id).exclude(pk__in=request.exclude)
        if request.types:
            pages = pages.filter(content_type_id__in=request.types)
        rows = pages.order_by(F("first_published_at").desc(nulls_last=True), "pk")
        return [
            _candidate(page_id, published, query.context.at)
            for page_id, published in rows.values_list("pk", "first_published_at")[: request.limit]
        ]


def _candidate(page_id: int, published: datetime | None, now: datetime) -> Candidate:
    """A page that went live without a date of publication is the least recent."""
    if published is None:
        return Candidate(page_id, 0.0, RecentSource.name)
    days = max((now - published).total_seconds(), 0.0) / 86400
    return Candidate(page_id, 2 ** (-days / HALF_LIFE_DAYS), RecentSource.name, {"days": round(days, 2)})
