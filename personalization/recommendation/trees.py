"""Boosted trees as a ranker, as plain numbers: grown by LightGBM in a worker, scored with numpy in a web process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .features import Features, source_of
from .logistic import aligned
from .signals import Matrix, Row

Nodes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TreesModel:
    """Trees over the features `names`, whose leaves' values add up to log-odds; all arrays are (trees, nodes).

    Node 0 is a tree's root. A page goes left where its number `feature` is at most `threshold`; in a leaf, `left` is
    -1. `value` of an inner node is the mean of what is below it, so that each step has its part in the sum. `means`
    stand for features that a list does not have.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    feature: Nodes
    threshold: Matrix
    left: Nodes
    right: Nodes
    value: Matrix

    def score(self, features: Features) -> Row:
        """The log-odds of a click, one a page."""
        sums: Row = self.contributions(features).sum(axis=1) + self.value[:, 0].sum()
        return sums

    def contributions(self, features: Features) -> Matrix:
        """(pages, names): what each feature adds on the way from roots to leaves (Saabas, 2014)."""
        rows = aligned(features, self.names, self.means)
        pages, width = rows.shape
        parts = np.zeros(rows.size)
        tree, page = np.divmod(np.arange(len(self.feature) * pages), max(pages, 1))
        node = np.zeros(len(tree), dtype=np.int64)
        while len(tree):
            going = self.left[tree, node] >= 0
            tree, page, node = tree[going], page[going], node[going]
            asked = self.feature[tree, node]
            is_left = rows[page, asked] <= self.threshold[tree, node]
            below = np.where(is_left, self.left[tree, node], self.right[tree, node])
            steps = self.value[tree, below] - self.value[tree, node]
            parts += np.bincount(page * width + asked, weights=steps, minlength=rows.size)
            node = below
        return parts.reshape(pages, width)

    def parts(self, features: Features) -> tuple[Matrix, tuple[str, ...]]:
        """(rows, pages) of what adds up to the log-odds, but for what all pages have alike; and each row's source."""
        return self.contributions(features).T, tuple(map(source_of, self.names))

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {
            "names": list(self.names),
            "means": list(self.means),
            "feature": self.feature.tolist(),
            "threshold": _short(self.threshold),
            "left": self.left.tolist(),
            "right": self.right.tolist(),
            "value": _short(self.value),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> TreesModel:
        """The model that `to_json` wrote down."""
        return cls(
            names=tuple(stored["names"]),
            means=tuple(float(mean) for mean in stored["means"]),
            feature=np.array(stored["feature"], dtype=np.int64),
            threshold=np.array(stored["threshold"], dtype=np.float64),
            left=np.array(stored["left"], dtype=np.int64),
            right=np.array(stored["right"], dtype=np.int64),
            value=np.array(stored["value"], dtype=np.float64),
        )


def _short(numbers: Matrix) -> list[list[float]]:
    """Seven digits, about what LightGBM itself counts with."""
    return [[float(f"{number:.7g}") for number in row] for row in numbers.tolist()]
