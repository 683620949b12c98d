"""The learned ranker as plain numbers: what a version in the database keeps, and a web process scores with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from .features import Features, ListFeatures
from .signals import Matrix, Row


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """A logistic regression over standardised features: `names`, and a weight, mean and scale (above 0) of each."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    intercept: float = 0.0
    _slopes: Row = field(init=False, repr=False, compare=False)
    _centres: Row = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Arrays to score with; behind the last feature stands one that counts nothing."""
        object.__setattr__(self, "_slopes", np.append(np.array(self.weights) / np.array(self.scales), 0.0))
        object.__setattr__(self, "_centres", np.array([*self.means, 0.0]))

    def score(self, features: Features) -> Row:
        """The log-odds of a click, one a page. A feature it has not learned counts for nothing, one that is missing
        as an average one.
        """
        places = _places(self.names, features.names)
        slopes = self._slopes[places]
        average = float(slopes @ self._centres[places])
        return features.weighted(slopes) + (self.intercept - average)

    def contributions(self, features: Features) -> Matrix:
        """(pages, names of the model): what each feature adds to the log-odds, beside an average page."""
        values = aligned(features, self.names, self.means)
        parts: Matrix = (values - self._centres[:-1]) * self._slopes[:-1]
        return parts

    def parts(self, features: ListFeatures) -> tuple[Matrix, tuple[str, ...]]:
        """(rows, pages) of what adds up to the log-odds, but for what all pages have alike; and each row's source."""
        weights = features.folded(self._slopes[_places(self.names, features.names)])
        return features.base * weights[:, None], features.sources

    def to_json(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        plain = {name: getattr(self, name) for name in ("names", "weights", "means", "scales", "intercept")}
        return {name: list(one) if isinstance(one, tuple) else one for name, one in plain.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> LogisticModel:
        """The model that `to_json` wrote down."""
        return cls(
            names=tuple(str(name) for name in stored["names"]),
            weights=_floats(stored["weights"]),
            means=_floats(stored["means"]),
            scales=_floats(stored["scales"]),
            intercept=float(stored["intercept"]),
        )


@lru_cache(maxsize=512)
def _places(known: tuple[str, ...], names: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """Where each of `names` is among the model's, -1 where it is not."""
    place = {name: number for number, name in enumerate(known)}
    return np.array([place.get(name, -1) for name in names], dtype=np.intp)


def aligned(features: Features, names: tuple[str, ...], missing: tuple[float, ...]) -> Matrix:
    """(pages, names): the columns of `names` in this order, `missing` where the list has no such feature."""
    if features.names == names:
        return features.values
    values = np.tile(np.array(missing, dtype=np.float64), (len(features.page_ids), 1))
    here = {name: column for column, name in enumerate(features.names)}
    known = [(column, here[name]) for column, name in enumerate(names) if name in here]
    if known:
        into, out_of = (np.array(columns) for columns in zip(*known, strict=True))
        values[:, into] = features.values[:, out_of]
    return values


def _floats(stored: Any) -> tuple[float, ...]:
    numbers: npt.NDArray[np.float64] = np.array(stored, dtype=np.float64)
    return tuple(numbers.tolist())
