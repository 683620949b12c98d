"""How likely a visitor is to reach a goal, from plain numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .features import Matrix, Row

Nodes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Linear:
    """Logistic regression over rows brought to `mean` 0 and `scale` 1: `coefficients` (width,) and `intercept`."""

    mean: Row
    scale: Row
    coefficients: Row
    intercept: float


@dataclass(frozen=True, slots=True)
class Trees:
    """Boosted trees whose values add to `baseline`; all arrays are (trees, nodes), node 0 is a tree's root.

    A row goes left where its number `feature` is at most `threshold`; in a leaf, `left` is -1.
    """

    baseline: float
    feature: Nodes
    threshold: Matrix
    left: Nodes
    right: Nodes
    value: Matrix


def likelihood(model: Linear | Trees, rows: Matrix) -> Row:
    """(rows,): the probability that each reaches the goal, in (0, 1)."""
    chances: Row = 1 / (1 + np.exp(-np.clip(_log_odds(model, rows), -30, 30)))
    return chances


def _log_odds(model: Linear | Trees, rows: Matrix) -> Row:
    if isinstance(model, Linear):
        sums: Row = ((rows - model.mean) / model.scale) @ model.coefficients
        return sums + model.intercept
    rows = rows.astype(np.float32)  # as the trees were grown
    grown = np.array([_leaf_values(model, tree, rows) for tree in range(len(model.feature))])
    raised: Row = grown.sum(axis=0) + model.baseline
    return raised


def _leaf_values(model: Trees, tree: int, rows: Matrix) -> Row:
    at = np.zeros(len(rows), dtype=np.int64)
    while (going := np.flatnonzero(model.left[tree][at] >= 0)).size:
        node = at[going]
        is_left = rows[going, model.feature[tree][node]] <= model.threshold[tree][node]
        at[going] = np.where(is_left, model.left[tree][node], model.right[tree][node])
    values: Row = model.value[tree][at]
    return values
