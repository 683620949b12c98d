"""Clusters as a mixture of Gaussians with axes of their own: whatever found them, this serves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .features import Matrix, Row

Labels = npt.NDArray[np.int64]
"""The index of each row's cluster; -1 for nobody's."""

LEAST_VARIANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Mixture:
    """`weights` (k,), `means` (k, axes), `variances` (k, axes), and `reach` (k,).

    Beyond its reach, in squared standard deviations, a cluster has nobody; infinity where it takes whoever is
    nearest. `doubt` is the temperature for who is known by a few pages only; see `early.py`.
    """

    weights: Row
    means: Matrix
    variances: Matrix
    reach: Row
    doubt: float = 1.0

    @property
    def size(self) -> int:
        return len(self.weights)


def probabilities(mixture: Mixture, points: Matrix, temperature: float = 1.0) -> Matrix:
    """(rows, k): how likely each point is of each cluster. Rows sum to 1, or to less where one is out of reach.

    A temperature above 1 makes them less certain, and changes no order.
    """
    far = _distances(mixture, points)
    logs = np.log(mixture.weights) - 0.5 * (far + np.log(mixture.variances).sum(axis=1))
    found = np.exp((logs - logs.max(axis=1, keepdims=True)) / temperature)
    found /= found.sum(axis=1, keepdims=True)
    return np.where(far <= mixture.reach, found, 0.0)


def labels(mixture: Mixture, points: Matrix) -> Labels:
    """The likeliest cluster of each point, -1 where all are out of reach."""
    found = probabilities(mixture, points)
    return np.where(found.max(axis=1) > 0, found.argmax(axis=1), -1)


def _distances(mixture: Mixture, points: Matrix) -> Matrix:
    """(rows, k): squared, in each cluster's own standard deviations."""
    return np.stack(
        [
            (((points - mean) ** 2) / variance).sum(axis=1)
            for mean, variance in zip(mixture.means, mixture.variances, strict=True)
        ],
        axis=1,
    )
