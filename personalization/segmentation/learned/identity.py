"""Keeps a cluster's identity when clusters are found anew. For workers: the assignment is scipy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from .features import Matrix
from .mixture import Labels

SAME_CROWD: Final = 0.25
"""From this likeness on, in [0, 1], a new cluster may be an old one: of two halves of a crowd, one still is it."""


def overlaps(old: Labels, new: Labels, n_old: int, n_new: int) -> Matrix:
    """(n_old, n_new): members in both as a part of members in either, by the same visitors' two labels."""
    shared = np.zeros((n_old, n_new))
    for i in range(n_old):
        for j in range(n_new):
            either = int(((old == i) | (new == j)).sum())
            shared[i, j] = int(((old == i) & (new == j)).sum()) / either if either else 0.0
    return shared


def topic_likeness(old: Sequence[Mapping[int, float]], new: Sequence[Mapping[int, float]]) -> Matrix:
    """(n_old, n_new): the cosine of what clusters read about, where no visitor can be asked for both labels."""
    return np.array([[_cosine(one, other) for other in new] for one in old]).reshape(len(old), len(new))


def match_clusters(likeness: Matrix, least: float = SAME_CROWD) -> dict[int, int]:
    """New index → old index, so that the sum of likeness is greatest (the Hungarian method).

    Pairs less alike than `least` are absent.
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(likeness, maximize=True)
    return {int(j): int(i) for i, j in zip(rows, columns, strict=True) if likeness[i, j] >= least}


def stability(old: Labels, new: Labels) -> float:
    """The adjusted Rand index of two labelings of the same visitors: 1 for the same groups, about 0 for chance."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(old, new))


def _cosine(one: Mapping[int, float], other: Mapping[int, float]) -> float:
    lengths = np.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return float(sum(value * other.get(key, 0.0) for key, value in one.items()) / lengths) if lengths > 0 else 0.0
