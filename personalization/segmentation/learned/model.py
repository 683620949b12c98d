"""A fitted model whole, and as JSON: what a version in the database keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from personalization.types import ProfileState

from .early import temperature_of
from .features import FeatureSpec, Matrix, describable, features
from .goals import Linear, Trees, likelihood
from .mixture import Mixture, probabilities
from .projection import Projection, project


@dataclass(frozen=True, slots=True)
class ClusterModel:
    """From a visitor to the probability of each cluster."""

    spec: FeatureSpec
    projection: Projection
    mixture: Mixture

    def predict(self, rows: Matrix, views: int) -> Matrix:
        """(rows, clusters) of feature rows of visitors who have read so many pages."""
        return probabilities(self.mixture, project(self.projection, rows), temperature_of(self.mixture, views))


@dataclass(frozen=True, slots=True)
class GoalModel:
    """From a visitor to the probability of reaching the goal, as the one column of its answers."""

    spec: FeatureSpec
    scorer: Linear | Trees

    def predict(self, rows: Matrix, views: int = 0) -> Matrix:
        """(rows, 1) of feature rows, which hold how many pages were read."""
        return likelihood(self.scorer, rows).reshape(-1, 1)


Model = ClusterModel | GoalModel


def predict_one(model: Model, profile: ProfileState) -> list[float]:
    """The probabilities of one visitor; [] where nothing is known that the model could go by."""
    if not describable(profile, model.spec):
        return []
    return [float(value) for value in model.predict(features(profile, model.spec).reshape(1, -1), profile.views)[0]]


def to_json(model: Model) -> dict[str, Any]:
    """Plain lists and numbers; infinity is null."""
    plain: dict[str, Any] = _plain(asdict(model))
    return plain | {"kind": _kind(model)}


def from_json(stored: Mapping[str, Any]) -> Model:
    """The model that `to_json` wrote down."""
    spec = stored["spec"]
    spec = FeatureSpec(spec["vector_model"], spec["dimensions"], tuple(spec["topics"]))
    if stored["kind"] == "clusters":
        return ClusterModel(spec, _projection(stored["projection"], spec), _mixture(stored["mixture"]))
    scorer = stored["scorer"]
    arrays: dict[str, Any] = {
        name: np.array(value) if isinstance(value, list) else value for name, value in scorer.items()
    }
    return GoalModel(spec, Linear(**arrays) if stored["kind"] == "linear" else Trees(**arrays))


def _kind(model: Model) -> str:
    if isinstance(model, ClusterModel):
        return "clusters"
    return "linear" if isinstance(model.scorer, Linear) else "trees"


def _projection(stored: Mapping[str, Any], spec: FeatureSpec) -> Projection:
    return Projection(np.array(stored["mean"]), np.array(stored["axes"]).reshape(-1, spec.width))


def _mixture(stored: Mapping[str, Any]) -> Mixture:
    reach = [np.inf if value is None else value for value in stored["reach"]]
    arrays: dict[str, Any] = {name: np.array(stored[name]) for name in ("weights", "means", "variances")}
    return Mixture(**arrays, reach=np.array(reach), doubt=stored["doubt"])


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(one) for one in (value.tolist() if isinstance(value, np.ndarray) else value)]
    return None if isinstance(value, float) and not np.isfinite(value) else value
