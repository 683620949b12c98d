"""Pages that are read a lot lately."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db.models import DurationField, ExpressionWrapper, F, FloatField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Extract, Greatest, Least, Power

from personalization.conf import settings
from personalization.models import PageCounter
from personalization.types import Candidate
from personalization.visibility import visible_pages

from .base import CandidateSource, SourceRequest, register

MINIMUM_VIEWS = 0.1
"""What has decayed to less is no trend."""


@register
class TrendingSource(CandidateSource):
    """The most decayed views as of now, on this site and in this locale. Score: ln(1 + decayed views)."""

    name = "trending"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        query = request.query
        pages = visible_pages(query.site_id, query.locale_id).exclude(pk__in=request.exclude)
        if request.types:
            pages = pages.filter(content_type_id__in=request.types)
        views = _decayed_views(query.context.at)
        rows = PageCounter.objects.filter(page__in=pages).annotate(views=views).filter(views__gte=MINIMUM_VIEWS)
        return [
            Candidate(page_id, math.log1p(views), self.name, {"views": round(views, 2)})
            for page_id, views in rows.order_by("-views", "page_id").values_list("page_id", "views")[: request.limit]
        ]


def _decayed_views(at: datetime) -> Combinable:
    """What a counter's score has decayed to at `at`."""
    age = ExpressionWrapper(Value(at) - F("as_of"), output_field=DurationField())
    half_life = timedelta(hours=settings.TRENDING_HALF_LIFE_HOURS).total_seconds()
    age_in_half_lives = Extract(age, "epoch", output_field=FloatField()) / Value(half_life)
    # Postgres raises an error where power() underflows, instead of giving 0.
    exponent = Greatest(Least(-age_in_half_lives, Value(0.0)), Value(-100.0))
    return F("score") * Power(Value(2.0), exponent)
