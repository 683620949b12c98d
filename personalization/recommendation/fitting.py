"""Fits rankers to what was clicked and what was seen and not clicked. For workers: scikit-learn, LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .features import LEAST_DEVIATION, FeatureMatrix, Features, is_circumstance
from .learned import Model
from .logged import Flags, LoggedSlate, Places
from .logistic import LogisticModel, aligned
from .places import APART, LEAST_SEEN
from .signals import Matrix, Row
from .trees import TreesModel

STRENGTH: Final = 0.1
"""The inverse of the L2 penalty over standardised features: with a few hundred clicks, .1 was best on real logs."""

FREEDOM: Final = 5.0
"""Places are not held back by the penalty as sources are: that they matter is known beforehand."""

TREES: Final[dict[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "num_threads": 1,
    "verbose": -1,
}
ROUNDS: Final = 80
MANY_CLICKS: Final = 4000
MANY_ROUNDS: Final = 250
"""Of so many clicks more trees still learn something."""


@dataclass(frozen=True, slots=True)
class Examples:
    """`rows` is (examples, names), NaN where a list has no such feature; `lists` says which list a row is of.

    `places` are where each was shown, from 0; None where that had no influence.
    """

    names: tuple[str, ...]
    rows: Matrix
    clicked: Flags
    lists: Places
    places: Places | None = None

    @classmethod
    def of(cls, lists: Sequence[tuple[Features, Flags]], places: Places | None = None) -> Examples:
        """Every row of these lists, in their order."""
        names = tuple(sorted({name for features, _clicked in lists for name in features.names}))
        missing = tuple(0.0 if is_circumstance(name) else np.nan for name in names)
        return cls(
            names=names,
            rows=np.concatenate([aligned(features, names, missing) for features, _clicked in lists]),
            clicked=np.concatenate([clicked for _features, clicked in lists]),
            lists=np.repeat(np.arange(len(lists)), [len(clicked) for _features, clicked in lists]),
            places=places,
        )

    @classmethod
    def of_slates(cls, slates: Sequence[LoggedSlate], *, is_crossed: bool = False) -> Examples:
        """The pages that readers saw; with `is_crossed` as they are seen under their circumstances."""
        lists = [
            (_only(slate.features(is_crossed), np.flatnonzero(slate.seen)), slate.clicked[slate.seen])
            for slate in slates
        ]
        return cls.of(lists, np.concatenate([slate.places[slate.seen] for slate in slates]))


@dataclass(frozen=True, slots=True)
class Fit:
    """A model, and how likely a reader looks at each place, beside the first; the last stands for all below it."""

    model: Model
    seen_at: Row


def fit_logistic(examples: Examples, strength: float = STRENGTH) -> Fit:
    """A pointwise logistic regression. Where places are known, their influence is fitted beside and left out after.

    There must be examples that were clicked and others that were not.
    """
    from sklearn.linear_model import LogisticRegression

    filled, means = _filled(examples.rows)
    deviations = filled.std(axis=0)
    scales = np.where(deviations > LEAST_DEVIATION, deviations, 1.0)
    rows = np.hstack([(filled - means) / scales, _of_places(examples)])
    fitted = LogisticRegression(C=strength, max_iter=1000).fit(rows, examples.clicked)
    weights, of_places = np.split(fitted.coef_[0], [len(examples.names)])
    model = LogisticModel(
        examples.names,
        tuple(weights.tolist()),
        tuple(means.tolist()),
        tuple(scales.tolist()),
        float(fitted.intercept_[0]),
    )
    return Fit(model, _seen_at(of_places))


def fit_trees(examples: Examples, seed: int = 0) -> Fit:
    """Boosted trees by LightGBM, on top of how likely each place is looked at, which the logistic fit knows."""
    import lightgbm

    seen_at = fit_logistic(examples).seen_at
    head_start = np.log(seen_at)[np.minimum(examples.places, len(seen_at) - 1)] if examples.places is not None else None
    # Crossings of sources and circumstances are what trees find by themselves.
    columns = np.array([column for column, name in enumerate(examples.names) if "*" not in name])
    names = [examples.names[column] for column in columns]
    rows, means = _filled(examples.rows[:, columns])
    data = lightgbm.Dataset(rows, examples.clicked.astype(np.float64), init_score=head_start, free_raw_data=False)
    rounds = ROUNDS if examples.clicked.sum() < MANY_CLICKS else MANY_ROUNDS
    grown = lightgbm.train({**TREES, "seed": seed}, data, rounds).dump_model()["tree_info"]
    means = np.where([is_circumstance(name) for name in names], 0.0, means)
    return Fit(_plain(tuple(names), means, [tree["tree_structure"] for tree in grown]), seen_at)


def _filled(rows: Matrix) -> tuple[Matrix, Row]:
    """Without NaN: what a list does not have is an average one there, as when pages are ranked. And the averages."""
    known = ~np.isnan(rows)
    means: Row = np.where(known, rows, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, rows, means), means


def _only(features: Features, rows: Places) -> FeatureMatrix:
    page_ids = tuple(features.page_ids[row] for row in rows)
    return FeatureMatrix(page_ids, features.names, features.values[rows])


def _of_places(examples: Examples) -> Matrix:
    """A column for each place but the first, not 0 where the example was shown there."""
    if examples.places is None:
        return np.zeros((len(examples.rows), 0))
    places = np.minimum(examples.places, APART - 1)
    columns: Matrix = FREEDOM * (places[:, None] == np.arange(1, places.max() + 1))
    return columns


def _seen_at(of_places: Row) -> Row:
    """Log-odds beside the first place, as shares of its looks: clicks are rare, so that odds are about chances."""
    return np.clip(np.exp(FREEDOM * np.concatenate([[0.0], of_places])), LEAST_SEEN, 1.0)


def _plain(names: tuple[str, ...], means: Row, grown: Sequence[dict[str, Any]]) -> TreesModel:
    trees = [_nodes(root) for root in grown]
    most = max(len(nodes) for nodes in trees)
    table = np.zeros((5, len(trees), most))
    table[2] = -1
    for row, nodes in enumerate(trees):
        table[:, row, : len(nodes)] = np.array(nodes).T
    whole = table.astype(np.int64)
    return TreesModel(names, tuple(means.tolist()), whole[0], table[1], whole[2], whole[3], table[4])


def _nodes(root: dict[str, Any]) -> list[tuple[float, float, float, float, float]]:
    """A tree as rows of feature, threshold, left, right, value: its root first."""
    nodes: list[tuple[float, float, float, float, float]] = []

    def add(node: dict[str, Any]) -> int:
        number = len(nodes)
        if "leaf_value" in node:
            nodes.append((0, 0.0, -1, -1, node["leaf_value"]))
            return number
        nodes.append((0, 0.0, 0, 0, 0.0))
        left, right = add(node["left_child"]), add(node["right_child"])
        nodes[number] = (node["split_feature"], node["threshold"], left, right, node["internal_value"])
        return number

    add(root)
    return nodes
