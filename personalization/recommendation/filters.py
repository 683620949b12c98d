"""Candidates that must not be considered, taken out."""

from __future__ import annotations

from collections.abc import Iterable, Set

from personalization.types import Candidate


def without(candidates: Iterable[Candidate], page_ids: Set[int]) -> list[Candidate]:
    """The candidates that are none of `page_ids`: the page itself, read pages, pages excluded by editors."""
    return [candidate for candidate in candidates if candidate.page_id not in page_ids]


def at_least(candidates: Iterable[Candidate], minimum: float, sources: Set[str]) -> list[Candidate]:
    """Leaves out what fits less than `minimum`; only the scores of `sources` say how well a page fits."""
    return [c for c in candidates if c.source not in sources or c.score >= minimum]
