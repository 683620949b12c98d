"""Whether the pages of a topic have moved: are the newer ones about something else than the older ones?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST_PAGES = 12
NEWER = 1 / 3  # of the pages count as new
SHUFFLES = 200
RARE = 0.05  # so few shuffles may be as far apart as old and new are
CLEAR = 0.02  # and by so much their cosine must be lower than is usual: else nobody would see a difference


@dataclass(frozen=True, slots=True)
class Drift:
    """`cosine` of the mean vectors of the `newer` newest pages and of the older ones.

    `usual` is what it comes to where pages are put into two such groups at random; `moved` says that chance
    does not explain the difference.
    """

    newer: int
    cosine: float
    usual: float
    moved: bool


def drift(vectors: npt.NDArray[np.float32]) -> Drift | None:
    """The drift of pages given newest first, as unit vectors (pages, dimensions); None for fewer than FEWEST_PAGES."""
    pages = len(vectors)
    if pages < FEWEST_PAGES:
        return None
    newer = round(pages * NEWER)
    random = np.random.default_rng(0)
    orders = [np.arange(pages), *(random.permutation(pages) for _ in range(SHUFFLES))]
    cosine, *shuffled = _cosines(vectors, np.array([order < newer for order in orders]))
    usual = float(np.median(shuffled))
    moved = bool(cosine <= np.quantile(shuffled, RARE) and usual - cosine >= CLEAR)
    return Drift(newer, float(cosine), usual, moved)


def _cosines(vectors: npt.NDArray[np.float32], chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """For each row of `chosen` the cosine between the sums of the chosen vectors and of the others."""
    inside = chosen.astype(np.float64) @ vectors
    outside = vectors.sum(axis=0) - inside
    lengths = np.linalg.norm(inside, axis=1) * np.linalg.norm(outside, axis=1)
    return np.asarray((inside * outside).sum(axis=1) / np.maximum(lengths, 1e-12))
