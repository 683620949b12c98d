"""From one order to the order that is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from personalization.types import Vector

from .scorers import ScoredPage


def mmr(
    ranked: Sequence[ScoredPage],
    vectors: Mapping[int, Vector],
    diversity: float,
    n: int,
    shown: Sequence[int] = (),
) -> list[ScoredPage]:
    """Maximal marginal relevance (Carbonell and Goldstein, 1998): the first `n` chosen one by one, the rest as ranked.

    Each step takes the page with the highest (1 - diversity) x relevance - diversity x similarity, where
    relevance is the score scaled to [0, 1] over the list and similarity is the highest cosine to a page already
    chosen or in `shown`. Equal values keep the ranking's order, so `diversity` 0 is the ranking itself. A page
    without a vector is similar to nothing. The order that comes out is final: never sort it by score again.
    """
    if diversity <= 0.0 or len(ranked) < 2:
        return list(ranked)
    matrix = _matrix([page.page_id for page in ranked], vectors)
    relevance = _scaled([page.score for page in ranked])
    similarity = np.zeros(len(ranked))
    if known := [vectors[page_id] for page_id in shown if page_id in vectors]:
        similarity = np.clip(matrix @ np.stack(known).T, 0.0, 1.0).max(axis=1)
    left, chosen = np.ones(len(ranked), dtype=bool), []
    for _ in range(min(n, len(ranked))):
        value = (1.0 - diversity) * relevance - diversity * similarity
        best = int(np.argmax(np.where(left, value, -np.inf)))
        chosen.append(best)
        left[best] = False
        similarity = np.maximum(similarity, np.clip(matrix @ matrix[best], 0.0, 1.0))
    return [ranked[i] for i in chosen] + [page for page, is_left in zip(ranked, left, strict=True) if is_left]


def pinned_first(pins: Sequence[ScoredPage], ranked: Sequence[ScoredPage]) -> list[ScoredPage]:
    """The editors' pins in their order, then the others; no page twice."""
    pages: dict[int, ScoredPage] = {}
    for page in (*pins, *ranked):
        pages.setdefault(page.page_id, page)
    return list(pages.values())


def _matrix(page_ids: Sequence[int], vectors: Mapping[int, Vector]) -> npt.NDArray[np.float64]:
    """One row a page, zeros where it has no vector."""
    dimensions = max((len(vectors[page_id]) for page_id in page_ids if page_id in vectors), default=1)
    matrix = np.zeros((len(page_ids), dimensions))
    for row, page_id in enumerate(page_ids):
        if page_id in vectors:
            matrix[row] = vectors[page_id]
    return matrix


def _scaled(scores: Sequence[float]) -> npt.NDArray[np.float64]:
    values = np.array(scores)
    spread = float(values.max() - values.min())
    return (values - values.min()) / spread if spread > 0.0 else np.zeros(len(values))
