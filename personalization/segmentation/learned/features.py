"""A visitor as a row of numbers. Serving and fitting call the same function."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from personalization.types import ProfileState

Row = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

MOST_TOPICS: Final = 200
"""Of more topics, those that most visitors read about."""

HABITS: Final = 0.25
"""How far habits move a visitor, beside interests, which are of length 1: crowds differ by what they read."""

DEVICES: Final = ("desktop", "mobile", "tablet")
PARTS_OF_DAY: Final = 4


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """Which numbers: a vector of `dimensions` in the space of `vector_model`, weights of `topics`, habits."""

    vector_model: str
    dimensions: int
    topics: tuple[int, ...]

    @property
    def width(self) -> int:
        return self.dimensions + len(self.topics) + 4 + len(DEVICES) + PARTS_OF_DAY


def spec_for(profiles: Collection[ProfileState], vector_model: str) -> FeatureSpec:
    """The numbers that tell these visitors apart. `vector_model` is the live one, "" where there is none."""
    readers = Counter(topic for profile in profiles for topic in profile.topics)
    topics = sorted(readers, key=lambda topic: (-readers[topic], topic))[:MOST_TOPICS]
    lengths = (len(one.vector) for one in profiles if one.vector is not None and one.vector_model == vector_model)
    return FeatureSpec(vector_model, next(lengths, 0), tuple(sorted(topics)))


def describable(profile: ProfileState, spec: FeatureSpec) -> bool:
    """Whether anything is known of the visitor's interests that the spec has numbers for.

    A profile in the space of another embedding model waits until it is made anew.
    """
    if profile.vector is not None and profile.vector_model != spec.vector_model:
        return False
    return _has_vector(profile, spec) or any(profile.topics.get(topic, 0.0) > 0 for topic in spec.topics)


def features(profile: ProfileState, spec: FeatureSpec) -> Row:
    """The visitor's numbers, `spec.width` of them, all finite.

    The vector and the square roots of the topics' shares each have length 1, or 0 where unknown; the distance
    between the latter is Hellinger's. How much somebody reads moves them by `HABITS` at most.
    """
    vector = profile.vector if _has_vector(profile, spec) else None
    interests = np.zeros(spec.dimensions) if vector is None else vector
    row = np.concatenate([interests, _topics(profile.topics, spec.topics), HABITS * np.asarray(_habits(profile))])
    return np.nan_to_num(row.astype(np.float64), posinf=1.0, neginf=0.0)


def matrix(profiles: Sequence[ProfileState], spec: FeatureSpec) -> Matrix:
    """One row a visitor."""
    return np.array([features(profile, spec) for profile in profiles]).reshape(len(profiles), spec.width)


def _has_vector(profile: ProfileState, spec: FeatureSpec) -> bool:
    """Vectors of another embedding model lie in another space."""
    if profile.vector is None or profile.vector_model != spec.vector_model:
        return False
    return len(profile.vector) == spec.dimensions


def _topics(weights: Mapping[int, float], topics: Sequence[int]) -> Row:
    row = np.array([max(0.0, weights.get(topic, 0.0)) for topic in topics])
    total = float(row.sum())
    return np.sqrt(row / total) if total > 0 else row


def _habits(profile: ProfileState) -> list[float]:
    parts = [0.0] * PARTS_OF_DAY
    for hour, share in profile.hours.items():
        parts[hour * PARTS_OF_DAY // 24] += share
    amounts = [_scaled(profile.views), _scaled(profile.visits), _scaled(profile.frequency), profile.engagement]
    return [*amounts, *(profile.devices.get(device, 0.0) for device in DEVICES), *parts]


def _scaled(count: float) -> float:
    """0 for none, 1 for a hundred and more: the tenth page says more of a reader than the hundredth."""
    return min(1.0, math.log1p(max(0.0, count)) / math.log1p(100))
