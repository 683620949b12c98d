"""From candidates of several sources to one score a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from personalization.types import Candidate


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """A page with its score in (0, 1), each source's share of it (sums to 1), and what the sources said."""

    page_id: int
    score: float
    shares: Mapping[str, float]
    candidates: Mapping[str, Candidate]


def blend(candidates: Iterable[Candidate], weights: Mapping[str, float]) -> list[ScoredPage]:
    """The weighted mean of the sources' z-scores, squeezed into (0, 1) by the logistic function.

    A page that a source does not propose has that source's 0. A source that says the same of every page
    changes nothing. The order of `candidates` changes nothing. Best first; equal scores by page id.
    """
    by_page = _by_page(c for c in candidates if weights.get(c.source, 0.0) > 0.0)
    if not by_page:
        return []
    sources = sorted(set().union(*by_page.values()))
    raw = np.array([[_score(proposals, source) for source in sources] for proposals in by_page.values()])
    z = _z(raw)
    # Of the sources that tell pages apart: the others must not even thin the scores.
    strength = np.array([weights[source] for source in sources]) * z.any(axis=0)
    parts = z * strength / max(strength.sum(), 1e-9)
    scores = 1.0 / (1.0 + np.exp(-parts.sum(axis=1)))
    pages = [
        ScoredPage(page_id, float(score), _shares(proposals, dict(zip(sources, row, strict=True))), proposals)
        for (page_id, proposals), score, row in zip(by_page.items(), scores, parts.tolist(), strict=True)
    ]
    return sorted(pages, key=lambda page: (-page.score, page.page_id))


def _by_page(candidates: Iterable[Candidate]) -> dict[int, dict[str, Candidate]]:
    """Page id to source to that source's best proposal of the page, by ascending page id."""
    pages: dict[int, dict[str, Candidate]] = {}
    for candidate in sorted(candidates, key=lambda c: (c.page_id, c.source, -c.score, repr(c.evidence))):
        pages.setdefault(candidate.page_id, {}).setdefault(candidate.source, candidate)
    return pages


def _score(proposals: Mapping[str, Candidate], source: str) -> float:
    return proposals[source].score if source in proposals else 0.0


def _z(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Columns with mean 0 and deviation 1; a constant column becomes 0."""
    centred = values - values.mean(axis=0)
    deviation = values.std(axis=0)
    z: npt.NDArray[np.float64] = np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-9)
    return z


def _shares(proposals: Mapping[str, Candidate], parts: Mapping[str, float]) -> dict[str, float]:
    """How much of the score each proposing source made; equal parts where none lifted the page."""
    lifts = {source: max(parts[source], 0.0) for source in proposals}
    total = sum(lifts.values())
    if total <= 0.0:
        return dict.fromkeys(lifts, 1.0 / len(lifts))
    return {source: lift / total for source, lift in lifts.items() if lift > 0.0}
