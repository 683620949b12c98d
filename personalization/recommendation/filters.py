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


def at_most(candidates: Iterable[Candidate], most: int) -> list[Candidate]:
    """What is said of the first `most` pages, as sources take turns: the best of each, the second best, and so on.

    The order of `candidates` changes nothing about which pages stay.
    """
    found = list(candidates)
    by_source: dict[str, list[Candidate]] = {}
    for candidate in sorted(found, key=lambda c: (c.source, -c.score, c.page_id)):
        by_source.setdefault(candidate.source, []).append(candidate)
    turns = sorted(
        (turn, source, candidate.page_id)
        for source, proposed in by_source.items()
        for turn, candidate in enumerate(proposed)
    )
    kept = set(list(dict.fromkeys(page_id for _turn, _source, page_id in turns))[:most])
    return [candidate for candidate in found if candidate.page_id in kept]
