"""Fits, where the site wants it, a factorisation of who read what: of everybody, and of each segment big enough."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from django.db import transaction

from personalization.conf import settings
from personalization.models import PageFactors, Segment, SessionRead
from personalization.recommendation.factors import METHODS, matrix_of

LEAST_SESSIONS: Final = 200
"""Sessions of two pages or more; of fewer there is nothing to learn."""

MOST_SESSIONS: Final = 300_000
"""Of the newest."""


def fit() -> int:
    """Fit anew by the method that FACTORS names, in place of what was; for how many pages there are neighbours now."""
    found = {segment_id: _fitted(segment_id) for segment_id in _segments()} if settings.FACTORS else {}
    with transaction.atomic():
        PageFactors.objects.all().delete()
        rows = [row for rows in found.values() for row in rows]
        PageFactors.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _segments() -> list[int | None]:
    return [None, *Segment.objects.order_by("pk").values_list("pk", flat=True)]


def _fitted(segment_id: int | None) -> list[PageFactors]:
    matrix, page_ids = matrix_of(_sessions(segment_id))
    if matrix.shape[0] < LEAST_SESSIONS:
        return []
    neighbours = METHODS[settings.FACTORS](matrix, page_ids).of()
    return [
        PageFactors(segment_id=segment_id, page_id=page_id, others=others, weights=weights)
        for page_id, (others, weights) in neighbours.items()
        if others
    ]


def _sessions(segment_id: int | None) -> list[list[int]]:
    """Pages of each of the newest sessions of those who belong to the segment."""
    reads = SessionRead.objects.filter(is_first=True)
    if segment_id is not None:
        reads = reads.filter(visitor__profile__segments__contains=[segment_id])
    rows = reads.order_by("-session", "visitor").values_list("session", "visitor_id", "page_id")[:MOST_SESSIONS]
    return [[page for _s, _v, page in own] for _key, own in groupby(rows.iterator(), key=lambda row: row[:2])]
