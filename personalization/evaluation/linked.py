"""How well related pages are found, against the links that editors have made between pages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from personalization.recommendation.related import SIGNALS, Relations, top, z_scores

Rows = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]
Links = Mapping[int, frozenset[int]]
"""Row of a page → rows of the pages that it links to, at least one and never its own."""
Score = Callable[[Rows], Array]
"""Rows of pages → their scores for all pages, (len(rows), n)."""

METRICS: Final = ("nDCG@10", "HR@10", "MRR@10")
LENGTH: Final = 10
BLOCK: Final = 128
MOST_TUNED: Final = 500  # linking pages looked at while strengths are tuned
GRID: Final = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5)
ROUNDS: Final = 2
LEAST_GAIN: Final = 0.001  # of nDCG, for a strength to move


def measured(score: Score, sources: Rows, links: Links) -> Array:
    """Each of METRICS for each linking page, (3, len(sources)): all other pages ranked, its links the right ones."""
    found = [
        _of_list(row, source, links[source])
        for start in range(0, len(sources), BLOCK)
        for row, source in zip(
            score(sources[start : start + BLOCK]), sources[start : start + BLOCK].tolist(), strict=True
        )
    ]
    return np.array(found, dtype=np.float64).reshape(-1, len(METRICS)).T


def halves(sources: Rows, days: Array | None = None, seed: int = 0) -> tuple[Rows, Rows]:
    """Linking pages to tune on, and to score: the older and the newer half where `days` are given, else by chance."""
    order = np.random.default_rng(seed).permutation(len(sources))
    if days is not None:
        order = np.argsort(np.nan_to_num(days[sources]), kind="stable")
    half = len(sources) // 2
    return np.sort(sources[order[:half]]), np.sort(sources[order[half:]])


class Tuner:
    """Finds strengths on some linking pages, one signal after the other, terms being the measure of all others."""

    def __init__(self, relations: Relations, sources: Rows, links: Links) -> None:
        if len(sources) > MOST_TUNED:
            sources = np.sort(np.random.default_rng(0).choice(sources, MOST_TUNED, replace=False))
        self._sources, self._links = sources, links
        self._z = np.array([z_scores(relations.likeness(signal, sources), sources) for signal in SIGNALS], np.float32)

    def tuned(self, start: Mapping[str, float], fixed: Collection[str] = ()) -> dict[str, float]:
        """The strengths that find the links best; one that is `fixed`, or tells no pages apart, stays as it is."""
        best = {**start, "terms": 1.0}
        value = self.value(best)
        for _round in range(ROUNDS):
            for number, signal in enumerate(SIGNALS):
                if signal in ("terms", *fixed) or not self._z[number].any():
                    continue
                tries = {strength: self.value({**best, signal: strength}) for strength in GRID}
                found = max(tries, key=lambda strength: (tries[strength], -strength))
                if tries[found] >= value + LEAST_GAIN:
                    best, value = {**best, signal: found}, tries[found]
        return best

    def value(self, strengths: Mapping[str, float]) -> float:
        """nDCG@10 on these pages."""
        weights = np.array([strengths[signal] for signal in SIGNALS], dtype=np.float32)
        scores = np.tensordot(weights, self._z, axes=1)
        found = [
            _of_list(row, source, self._links[source])[0]
            for row, source in zip(scores, self._sources.tolist(), strict=True)
        ]
        return float(np.mean(found))


def without(strengths: Mapping[str, float], signals: Sequence[str]) -> dict[str, float]:
    """These strengths, with none for some signals."""
    return {signal: 0.0 if signal in signals else strength for signal, strength in strengths.items()}


def _of_list(scores: Array, source: int, right: frozenset[int]) -> tuple[float, float, float]:
    """nDCG, hit and reciprocal rank of the first ten (Järvelin and Kekäläinen 2002); the page itself is left out."""
    listed = scores.astype(np.float64)
    listed[source] = -np.inf
    first = top(listed, np.arange(len(listed)), LENGTH)
    hits = np.array([row in right for row in first.tolist()])
    if not hits.any():
        return 0.0, 0.0, 0.0
    gains = 1 / np.log2(np.arange(2, LENGTH + 2))
    return float(gains[: len(hits)] @ hits / gains[: len(right)].sum()), 1.0, 1.0 / (1 + int(hits.argmax()))
