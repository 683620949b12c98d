"""Learns who reaches a goal, and how well that can be told beforehand. For workers: scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from .features import Matrix, Row
from .goals import Linear, Trees, likelihood

GoalMethod = Literal["logistic", "boosting"]
Outcomes = npt.NDArray[np.bool_]

RESAMPLES: Final = 400
INTERVAL: Final = (0.025, 0.975)
STRENGTH: Final = 0.02
"""The inverse of the L2 penalty over rows of scale 1: hundreds of numbers a visitor, few who reach a goal."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The area under the ROC curve on what came later than all that was learned from, with its 95 % interval."""

    auc: float
    low: float
    high: float


def train_goal(method: GoalMethod, rows: Matrix, reached: Outcomes, seed: int) -> Linear | Trees:
    """The model of who reaches the goal. There must be some who do and some who don't."""
    return _logistic(rows, reached) if method == "logistic" else _boosting(rows, reached, seed)


def evaluate_goal(model: Linear | Trees, rows: Matrix, reached: Outcomes, seed: int) -> Evaluation | None:
    """How the model does on rows it has not seen; None where all or none of them reach the goal."""
    if reached.all() or not reached.any():
        return None
    scores, rng = likelihood(model, rows), np.random.default_rng(seed)
    found: list[float] = []
    while len(found) < RESAMPLES:
        drawn = rng.integers(0, len(rows), len(rows))
        if reached[drawn].any() and not reached[drawn].all():
            found.append(area_under_curve(reached[drawn], scores[drawn]))
    low, high = np.quantile(found, INTERVAL)
    return Evaluation(area_under_curve(reached, scores), float(low), float(high))


def area_under_curve(reached: Outcomes, scores: Row) -> float:
    """How often one who reaches the goal scores above one who does not; a tie counts half (Mann and Whitney)."""
    _values, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    hits = int(reached.sum())
    misses = len(reached) - hits
    return float((ranks[reached].sum() - hits * (hits + 1) / 2) / (hits * misses))


def _logistic(rows: Matrix, reached: Outcomes) -> Linear:
    from sklearn.linear_model import LogisticRegression

    mean, scale = rows.mean(axis=0), rows.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit((rows - mean) / scale, reached)
    return Linear(mean, scale, model.coef_[0], float(model.intercept_[0]))


def _boosting(rows: Matrix, reached: Outcomes, seed: int) -> Trees:
    from sklearn.ensemble import GradientBoostingClassifier

    model = GradientBoostingClassifier(
        n_estimators=60, max_depth=3, min_samples_leaf=10, subsample=0.7, max_features="sqrt", random_state=seed
    ).fit(rows, reached)
    share = float(reached.mean())
    grown = [tree.tree_ for tree in model.estimators_[:, 0]]
    most = max(tree.node_count for tree in grown)

    def table(name: str, fill: float) -> Any:
        arrays = [np.asarray(getattr(tree, name)).reshape(tree.node_count) for tree in grown]
        return np.array([np.pad(array, (0, most - len(array)), constant_values=fill) for array in arrays])

    return Trees(
        baseline=float(np.log(share / (1 - share))),
        feature=np.maximum(table("feature", 0), 0),
        threshold=table("threshold", 0.0),
        left=table("children_left", -1),
        right=table("children_right", -1),
        value=model.learning_rate * table("value", 0.0),
    )
