"""Pages in two groups that are as alike as can be within, and differ between them: how a topic might be split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

STEPS = 50


def halves(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Which of at least two unit vectors (pages, dimensions) belong to the smaller group. Always gives the same.

    Spherical 2-means, begun on either side of the direction in which the pages differ most. Both groups hold a
    page, at least.
    """
    centred = vectors - vectors.mean(axis=0)
    direction = np.linalg.svd(centred, full_matrices=False)[2][0]
    position = centred @ direction
    chosen: npt.NDArray[np.bool_] = position > np.median(position)
    if not chosen.any():  # all of them are equal
        chosen[0] = True
    for _ in range(STEPS):
        nearer = vectors @ _centre(vectors[chosen]) > vectors @ _centre(vectors[~chosen])
        if nearer.all() or not nearer.any() or (nearer == chosen).all():
            break
        chosen = nearer
    return chosen if chosen.sum() * 2 <= len(chosen) else ~chosen


def _centre(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-12))
