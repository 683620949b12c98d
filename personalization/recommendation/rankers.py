"""From candidates to one order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from personalization.types import Candidate

from .proposals import Proposals
from .ranking import Ranking, ScoredPage
from .scorers import weighted

FILLER_SCORE = 1e-6
"""The best score of what only fills the list."""


FILLS, IS_NEW, IS_PROPOSED = 1, 2, 3
"""Tiers of what no ranker chose: what fills the list, new pages that may be tried, what is there for a pin alone."""


class Ranker(Protocol):
    """Gives every proposed page one score in (0, 1), best first."""

    @property
    def name(self) -> str:
        """What "Why this?" and the log call it."""

    def rank(self, proposals: Proposals) -> Ranking:
        """The pages that it has an opinion of, each once; equal scores by page id."""


@dataclass(frozen=True, slots=True)
class WeightedRanker:
    """The weighted blend of the sources' z-scores: needs no clicks to learn from."""

    weights: Mapping[str, float]
    name: str = "weighted"

    def rank(self, proposals: Proposals) -> Ranking:
        return weighted(proposals, self.weights)


def filled(ranked: Sequence[ScoredPage], candidates: Iterable[Candidate], chain: Sequence[str]) -> Ranking:
    """`ranked`, then the other candidates of the sources in `chain`, source by source, best first.

    What only fills the list is of tier 1 and scores next to nothing: no ranker chose it.
    """
    ranking = Ranking.of(ranked)
    known, order = set(ranking.page_ids), {source: position for position, source in enumerate(chain)}
    fillers = [candidate for candidate in candidates if candidate.source in order and candidate.page_id not in known]
    best: dict[int, Candidate] = {}
    for candidate in sorted(fillers, key=lambda c: (order[c.source], -c.score, c.page_id)):
        best.setdefault(candidate.page_id, candidate)
    behind = enumerate(best.values(), start=1)
    return ranking.joined([alone(candidate, FILLER_SCORE / place, tier=FILLS) for place, candidate in behind])


def alone(candidate: Candidate, score: float, tier: int = 0) -> ScoredPage:
    """A page that one source alone put on the list."""
    return ScoredPage(candidate.page_id, score, {candidate.source: 1.0}, {candidate.source: candidate}, tier)
