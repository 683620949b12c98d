"""From candidates of several sources to one score a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from personalization.types import Candidate

from .proposals import Proposals
from .ranking import Grounds, Ranking

LEAST_DEVIATION = 1e-9


def blend(candidates: Iterable[Candidate], weights: Mapping[str, float]) -> Ranking:
    """`weighted` of what these candidates propose."""
    return weighted(Proposals.of(candidates), weights)


def weighted(proposals: Proposals, weights: Mapping[str, float]) -> Ranking:
    """The weighted mean of the sources' z-scores, squeezed into (0, 1) by the logistic function.

    A page that a source does not propose has that source's 0. A source that says the same of every page
    changes nothing, and one without weight is not heard. Best first; equal scores by page id.
    """
    heard = [number for number, source in enumerate(proposals.sources) if weights.get(source, 0.0) > 0.0]
    sources = tuple(proposals.sources[number] for number in heard)
    at, page_ids, raw = proposals.at, proposals.page_ids, proposals.scores
    if len(heard) < len(proposals.sources):
        kept = np.flatnonzero((at[heard] >= 0).any(axis=0))
        at, raw = at[heard][:, kept], raw[heard][:, kept]
        page_ids = tuple(page_ids[row] for row in kept.tolist())
    z = _z(raw)
    # Of the sources that tell pages apart: the others must not even thin the scores.
    strengths = np.array([weights[source] for source in sources]) * np.any(z, axis=1)
    parts = z * (strengths / max(float(strengths.sum()), LEAST_DEVIATION))[:, None]
    scores = 1.0 / (1.0 + np.exp(-np.add.reduce(parts, axis=0)))
    return Ranking.by_score(page_ids, scores, Grounds(proposals.candidates, sources, at, parts))


def _z(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rows with mean 0 and deviation 1; a constant row becomes 0."""
    pages = max(values.shape[1], 1)
    centred: npt.NDArray[np.float64] = values - (np.add.reduce(values, axis=1) / pages)[:, None]
    deviations = np.sqrt(np.add.reduce(centred * centred, axis=1) / pages)
    is_telling = deviations > LEAST_DEVIATION
    centred *= np.divide(1.0, deviations, out=np.zeros(len(deviations)), where=is_telling)[:, None]
    return centred
