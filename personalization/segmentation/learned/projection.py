"""Fewer numbers a visitor: the directions in which visitors differ most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .features import Matrix, Row

MOST_AXES: Final = 16
_NEGLIGIBLE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Projection:
    """Principal axes: `mean` (width,) and orthonormal `axes` (n, width), the widest spread first."""

    mean: Row
    axes: Matrix


def fit_projection(rows: Matrix) -> Projection:
    """At most `MOST_AXES` axes along which the rows differ at all; none where all are alike.

    Each axis points to where its largest coordinate is positive, so that the same rows always give the same axes.
    """
    mean = rows.mean(axis=0)
    spread, directions = np.linalg.eigh(np.cov(rows, rowvar=False, ddof=0).reshape(rows.shape[1], -1))
    widest = [i for i in np.argsort(-spread, kind="stable")[:MOST_AXES] if spread[i] > _NEGLIGIBLE]
    axes = directions[:, widest].T
    signs = np.array([np.sign(axis[np.abs(axis).argmax()]) for axis in axes])
    return Projection(mean, axes * signs.reshape(-1, 1))


def project(projection: Projection, rows: Matrix) -> Matrix:
    """The rows' coordinates on the axes."""
    return (rows - projection.mean) @ projection.axes.T
