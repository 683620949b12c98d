"""From scored pages to one order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from personalization.types import Candidate

from .scorers import ScoredPage


def filled(ranked: Sequence[ScoredPage], candidates: Iterable[Candidate], chain: Sequence[str]) -> list[ScoredPage]:
    """`ranked`, then the other candidates of the sources in `chain`, source by source, best first.

    What only fills the list scores 0: no ranker chose it.
    """
    pages = {page.page_id: page for page in ranked}
    order = {source: position for position, source in enumerate(chain)}
    fillers = [candidate for candidate in candidates if candidate.source in order]
    for candidate in sorted(fillers, key=lambda c: (order[c.source], -c.score, c.page_id)):
        pages.setdefault(candidate.page_id, alone(candidate, 0.0))
    return list(pages.values())


def alone(candidate: Candidate, score: float) -> ScoredPage:
    """A page that one source alone put on the list."""
    return ScoredPage(candidate.page_id, score, {candidate.source: 1.0}, {candidate.source: candidate})
