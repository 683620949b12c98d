"""Pages that are read a lot lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db.models import QuerySet

from personalization.models import HALF_LIVES, ClassCounter, PageCounter, reads_at, with_half_lives
from personalization.recommendation.history import popularity
from personalization.types import Candidate, RecQuery
from personalization.visibility import visible_pages

from .base import CandidateSource, SourceRequest, register

MINIMUM_VIEWS: Final = 0.1
"""What has decayed to less is no trend."""

IN_SIGHT: Final = 100
"""So many of the most read pages are looked at for what readers like this one read."""


LOOKED_AT: Final = 400
"""So many of all sites' are seen whether this one shows them."""


@dataclass(frozen=True, slots=True)
class Reads:
    """A page's decayed reads as of now, by three half-lives, and those of all time."""

    page_id: int
    fast: float
    medium: float
    slow: float
    total: int


@register
class TrendingSource(CandidateSource):
    """The most read pages as of now, by the middle half-life, on this site and in this locale.

    Score: ln(1 + decayed reads). For a known visitor, the reads are everybody's but shared out as readers who come
    from the same kind of site, or use the same class of device, share theirs: the more of those there are, the more
    so. Signals: reads by each half-life, of all time ("total"), and the share of the class ("class").
    """

    name = "trending"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        chosen = _class_of(request.query)
        reads = _most_read(request, max(IN_SIGHT, request.limit) if chosen else request.limit)
        shares = _shares(reads, chosen, request.query.context.at)
        everybody = sum(page.medium for page in reads)
        found = [_candidate(page, everybody * share if chosen else page.medium, share) for page, share in shares]
        return sorted(found, key=lambda candidate: (-candidate.score, candidate.page_id))[: request.limit]


def _class_of(query: RecQuery) -> Mapping[str, str]:
    """By what readers like this one are found: what tells most apart of what is known.

    Nothing for an answer that others get, too.
    """
    context = query.context
    if query.profile is None:
        return {}
    return {"referrer": context.referrer} if context.referrer else {"device": context.device}


def _most_read(request: SourceRequest, limit: int) -> list[Reads]:
    query = request.query
    pages = visible_pages(query.site_id, query.locale_id).filter(pk__in=_most_read_of_all(request))
    rows = with_half_lives(PageCounter.objects.filter(page__in=pages)).order_by("-medium", "page_id")
    columns = rows.values_list("page_id", "total", *HALF_LIVES, *(f"half_{name}" for name in HALF_LIVES))
    reads = [_as_of(*row, now=query.context.at) for row in columns[:limit]]
    return [page for page in reads if page.medium >= MINIMUM_VIEWS]


def _most_read_of_all(request: SourceRequest) -> QuerySet[Any]:
    """The first of the index's, of whichever site: who may see them is then asked of these only, not of all pages."""
    kind: dict[str, Any] = {"page__live": True, "page__locale_id": request.query.locale_id}
    if request.types:
        kind["page__content_type_id__in"] = sorted(request.types)
    rows = PageCounter.objects.filter(**kind).exclude(page_id__in=request.exclude)
    return rows.order_by("-medium", "page_id").values("page_id")[:LOOKED_AT]


def _as_of(page_id: int, total: int, *numbers: float, now: datetime) -> Reads:
    """From stored logarithms, and the half-lives that they are by."""
    stored, half_lives = numbers[: len(HALF_LIVES)], numbers[len(HALF_LIVES) :]
    fast, medium, slow = (reads_at(one, half_life, now) for one, half_life in zip(stored, half_lives, strict=True))
    return Reads(page_id, fast, medium, slow, total)


def _shares(reads: Sequence[Reads], chosen: Mapping[str, str], now: datetime) -> list[tuple[Reads, float]]:
    """Each page with its share, in [0, 1], of what readers of the class read of these pages. At most one query."""
    everybody = np.array([page.medium for page in reads], dtype=np.float64)
    share = everybody / max(float(everybody.sum()), 1e-9)
    if chosen and reads:
        of_class: dict[int, float] = dict.fromkeys((page.page_id for page in reads), 0.0)
        rows = with_half_lives(ClassCounter.objects.filter(page_id__in=of_class.keys(), **chosen))
        for page_id, medium, half_life in rows.values_list("page_id", "medium", "half_medium"):
            of_class[page_id] += reads_at(medium, half_life, now)
        views = np.array(list(of_class.values()))
        share = popularity.shrunk_share(views, float(views.sum()), share)
    return list(zip(reads, share.tolist(), strict=True))


def _candidate(page: Reads, views: float, share: float) -> Candidate:
    evidence = {"views": round(page.medium, 2)}
    signals = {"fast": page.fast, "medium": page.medium, "slow": page.slow, "total": float(page.total), "class": share}
    return Candidate(page.page_id, popularity.trend(views), TrendingSource.name, evidence, signals)
