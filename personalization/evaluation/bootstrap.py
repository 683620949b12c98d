"""How sure one may be of a mean, a difference and a ratio, where one reader's views are alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagging.evaluation.metrics import Figure

RESAMPLES = 1000


@dataclass(frozen=True)
class Bootstrap:
    """Means over lists, and of resampled groups: visitors or sessions are drawn anew, each with all its lists.

    `means[c, m]` is contender c's mean of metric m, `drawn[r, c, m]` that of resample r. All contenders are drawn
    alike, so that differences are paired.
    """

    means: npt.NDArray[np.float64]
    drawn: npt.NDArray[np.float64]

    def figure(self, contender: int, metric: int) -> Figure:
        """A mean with its 95 % interval."""
        return _figure(self.means[contender, metric], self.drawn[:, contender, metric])

    def difference(self, one: int, other: int, metric: int) -> Figure:
        """How much better `one` is than `other`."""
        means, drawn = self.means[:, metric], self.drawn[:, :, metric]
        return _figure(means[one] - means[other], drawn[:, one] - drawn[:, other])

    def ratio(self, one: int, other: int, metric: int) -> Figure | None:
        """How many times as good `one` is as `other`; None where the other has no hit in some resample."""
        means, drawn = self.means[:, metric], self.drawn[:, :, metric]
        if not means[other] or not drawn[:, other].all():
            return None
        return _figure(means[one] / means[other], drawn[:, one] / drawn[:, other])


def bootstrap(
    values: npt.NDArray[np.float64], groups: npt.NDArray[np.integer], resamples: int = RESAMPLES, seed: int = 0
) -> Bootstrap:
    """Resample whole groups with replacement (the cluster bootstrap, Davison and Hinkley 1997, 3.8).

    `values` is contenders by metrics by lists, `groups` the group of each list. Raises ValueError without a list.
    """
    contenders, metrics, lists = values.shape
    if not lists:
        raise ValueError("there is no list to take a mean of.")
    sums = cluster_sums(np.concatenate([values.reshape(-1, lists), np.ones((1, lists))]), groups)
    drawn = resampled(sums, resamples, seed)
    means = drawn[:, :-1] / np.maximum(drawn[:, -1:], 1)
    return Bootstrap(values.mean(axis=2), means.reshape(resamples, contenders, metrics))


def cluster_sums(columns: npt.NDArray[np.float64], groups: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """The sum of each column (by rows) over each group: groups by columns."""
    numbers = np.unique(groups, return_inverse=True)[1]
    size = int(numbers.max()) + 1
    return np.stack([np.bincount(numbers, weights=column, minlength=size) for column in columns], axis=1)


def resampled(sums: npt.NDArray[np.float64], resamples: int = RESAMPLES, seed: int = 0) -> npt.NDArray[np.float64]:
    """Column sums of as many groups drawn with replacement: resamples by columns."""
    return np.stack([weights @ sums for weights in _weights(len(sums), resamples, seed)])


def _weights(size: int, resamples: int, seed: int) -> Iterator[npt.NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    return (np.bincount(random.integers(0, size, size), minlength=size) for _ in range(resamples))


def _figure(mean: np.floating, drawn: npt.NDArray[np.float64]) -> Figure:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Figure(float(mean), float(low), float(high))
