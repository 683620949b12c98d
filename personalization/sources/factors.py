"""Pages that go with those of this visit by a factorisation of who read what. Off unless `FACTORS` names a method."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import F, Q

from personalization.conf import settings
from personalization.models import PageFactors
from personalization.recommendation.history import covisits
from personalization.types import Candidate

from .base import CandidateSource, SourceRequest, register
from .journey import best_of, of_the_kind, pages_read

PAGES: Final = 5


@register
class FactorsSource(CandidateSource):
    """Neighbours of the visit's pages, the last ones counting more; of the reader's own segment where it has any.

    Score: the sum of their weights. Evidence: the page of the visit that says most.
    """

    name = "factors"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        history = pages_read(request.query, PAGES) if settings.FACTORS else []
        if not history:
            return []
        scores: dict[int, dict[int, float]] = {}
        for page_id, others, weights in _neighbours(history, request.query.segments):
            back = covisits.history_weight(len(history) - 1 - history.index(page_id))
            for other, weight in zip(others, weights, strict=True):
                scores.setdefault(other, {})[page_id] = back * weight
        found = [
            Candidate(other, sum(by.values()), self.name, {"page_id": max(by, key=lambda one: (by[one], -one))})
            for other, by in scores.items()
            if other not in history
        ]
        return best_of(of_the_kind(found, request), request)


def _neighbours(history: list[int], segments: frozenset[int]) -> list[tuple[Any, ...]]:
    """(page, others, weights) of each page: of a segment that the reader belongs to, else of everybody."""
    rows = PageFactors.objects.filter(Q(segment=None) | Q(segment__in=segments), page__in=history)
    chosen: dict[int, tuple[Any, ...]] = {}
    # Of everybody first, then of the reader's segments: what comes later takes the place.
    for page_id, others, weights in rows.order_by(F("segment").desc(nulls_first=True)).values_list(
        "page_id", "others", "weights"
    ):
        chosen[page_id] = (page_id, others, weights)
    return list(chosen.values())
