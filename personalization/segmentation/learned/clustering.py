"""Finds crowds of alike visitors with scikit-learn, and how many there are by silhouette. For workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from .features import Matrix, Row
from .mixture import LEAST_VARIANCE, Labels, Mixture

Method = Literal["kmeans", "gmm", "hdbscan"]

SILHOUETTE_SAMPLE: Final = 2000
"""So many visitors tell the silhouette well enough; its cost grows with their square."""

STARTS: Final = 5
SHARES_OF_ALL: Final = (0.01, 0.02, 0.05, 0.1)
"""HDBSCAN's smallest cluster, as parts of all visitors: each is tried."""

REACH: Final = 0.99
"""A cluster of HDBSCAN reaches as far as this part of its members."""


@dataclass(frozen=True, slots=True)
class Clustering:
    """What was found: `labels` of the rows as the method gave them, and their mean `silhouette` in [-1, 1]."""

    mixture: Mixture
    labels: Labels
    silhouette: float


def find_clusters(
    points: Matrix, method: Method, *, least: int, most: int, smallest: int, seed: int
) -> Clustering | None:
    """The clustering with the best silhouette of those with `least` to `most` clusters of `smallest` rows or more.

    None where there is none such, as where all rows are alike. The same rows and seed give the same clusters.
    """
    distinct = len(np.unique(points.round(9), axis=0)) if points.shape[1] else 1
    attempts = _METHODS[method](points, least, min(most, distinct), smallest, seed)
    found = [one for one in attempts if _is_useful(one.labels, least, most, smallest)]
    return max(found, key=lambda one: one.silhouette, default=None)


def _kmeans(points: Matrix, least: int, most: int, smallest: int, seed: int) -> Iterator[Clustering]:
    from sklearn.cluster import MiniBatchKMeans

    for k in range(least, most + 1):
        model = MiniBatchKMeans(k, n_init=STARTS, batch_size=2048, random_state=seed).fit(points)
        found = model.labels_.astype(np.int64)
        spread = max(float(((points - model.cluster_centers_[found]) ** 2).mean()), LEAST_VARIANCE)
        means = model.cluster_centers_.astype(np.float64)
        mixture = Mixture(np.full(k, 1 / k), means, np.full(means.shape, spread), np.full(k, np.inf))
        yield Clustering(mixture, found, _silhouette(points, found, seed))


def _gmm(points: Matrix, least: int, most: int, smallest: int, seed: int) -> Iterator[Clustering]:
    from sklearn.mixture import GaussianMixture

    for k in range(least, most + 1):
        model = GaussianMixture(k, covariance_type="diag", n_init=2, reg_covar=LEAST_VARIANCE, random_state=seed)
        found = model.fit_predict(points).astype(np.int64)
        mixture = Mixture(model.weights_, model.means_, model.covariances_, np.full(k, np.inf))
        yield Clustering(mixture, found, _silhouette(points, found, seed))


def _hdbscan(points: Matrix, least: int, most: int, smallest: int, seed: int) -> Iterator[Clustering]:
    from sklearn.cluster import HDBSCAN

    if most < least:
        return
    for size in sorted({max(smallest, 2, round(share * len(points))) for share in SHARES_OF_ALL}):
        found = HDBSCAN(min_cluster_size=size, min_samples=min(size, 10), copy=True).fit_predict(points)
        found = found.astype(np.int64)
        k = int(found.max()) + 1
        if k:
            members = [points[found == cluster] for cluster in range(k)]
            yield Clustering(_mixture_of(members), found, _silhouette(points, found, seed))


def _mixture_of(members: list[Matrix]) -> Mixture:
    """The Gaussians that describe what HDBSCAN found, which has no model of its own for whoever comes later."""
    means = np.array([rows.mean(axis=0) for rows in members])
    variances = np.array([np.maximum(rows.var(axis=0), LEAST_VARIANCE) for rows in members])
    weights: Row = np.array([len(rows) for rows in members], dtype=np.float64)
    reach = [
        np.quantile((((rows - mean) ** 2) / variance).sum(axis=1), REACH)
        for rows, mean, variance in zip(members, means, variances, strict=True)
    ]
    return Mixture(weights / weights.sum(), means, variances, np.array(reach))


_METHODS: dict[str, Callable[[Matrix, int, int, int, int], Iterator[Clustering]]] = {
    "kmeans": _kmeans,
    "gmm": _gmm,
    "hdbscan": _hdbscan,
}


def silhouettes(points: Matrix, found: Labels, seed: int) -> tuple[Row, Labels]:
    """The silhouette of each of a sample of the rows that are somebody's, and their clusters."""
    from sklearn.metrics import silhouette_samples

    chosen = np.flatnonzero(found >= 0)
    if len(chosen) > SILHOUETTE_SAMPLE:
        chosen = np.sort(np.random.default_rng(seed).choice(chosen, SILHOUETTE_SAMPLE, replace=False))
    kept = found[chosen]
    if not 2 <= len(np.unique(kept)) < len(kept):
        return np.zeros(len(kept)), kept
    return silhouette_samples(points[chosen], kept), kept


def _silhouette(points: Matrix, found: Labels, seed: int) -> float:
    values, _kept = silhouettes(points, found, seed)
    return float(values.mean()) if len(values) else 0.0


def _is_useful(found: Labels, least: int, most: int, smallest: int) -> bool:
    sizes = np.bincount(found[found >= 0])
    return least <= len(sizes) <= most and int(sizes.min()) >= smallest
