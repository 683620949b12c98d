"""Names for clusters, from the topics that set them apart."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

SEPARATOR: Final = " · "
IN_A_NAME: Final = 2
SHOWN: Final = 5
CLEAR: Final = 0.02
"""Less than this says nothing of a crowd; see `distinctive_topics` for its unit."""


def mean_topics(weights: Collection[Mapping[int, float]]) -> dict[int, float]:
    """The mean weight of each topic over some visitors; {} of nobody."""
    total: Counter[int] = Counter()
    for one in weights:
        total.update(one)
    return {topic: value / len(weights) for topic, value in total.items()}


def distinctive_topics(crowd: Mapping[int, float], everybody: Mapping[int, float]) -> list[int]:
    """The topics that set a crowd apart, the clearest first.

    Each is as clear as its weight times the logarithm of how often more it is read here: its term of the
    Kullback-Leibler divergence.
    """
    clarity = {
        topic: weight * math.log(weight / everybody[topic])
        for topic, weight in crowd.items()
        if weight > 0 and everybody.get(topic, 0.0) > 0
    }
    clear = sorted(clarity, key=lambda topic: (-clarity[topic], topic))
    return [topic for topic in clear if clarity[topic] >= CLEAR][:SHOWN]


def propose_names(topics: Sequence[Sequence[str]], unnamed: str) -> list[str]:
    """One name a cluster, all different: “Mobility · Climate”; `unnamed` where nothing sets it apart."""
    names: list[str] = []
    for found in topics:
        longer = [SEPARATOR.join(found[:n]) for n in range(IN_A_NAME, len(found) + 1)] or [SEPARATOR.join(found)]
        name = next((one for one in longer if one and one not in names), longer[0] or unnamed)
        names.append(_numbered(name, names))
    return names


def _numbered(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    return next(one for n in range(2, len(taken) + 3) if (one := f"{name} {n}") not in taken)
