"""Whether probabilities keep their promise: of ten topics at 0.8, eight are right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

TENTHS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_Z = 1.96  # of a normal distribution, 95 % lie within so many standard deviations


@dataclass(frozen=True, slots=True)
class Bin:
    """Topics with a probability between `low` and `high`: their mean probability, and the share that was right.

    `least` and `most` are the 95 % Wilson interval of that share. All but `count` are in [0, 1].
    """

    low: float
    high: float
    count: int
    promised: float
    kept: float
    least: float
    most: float


def reliability(
    probabilities: npt.NDArray[np.floating], right: npt.NDArray[np.bool_], edges: Sequence[float] = TENTHS
) -> list[Bin]:
    """What was promised against what was kept, between each two edges. Intervals that hold nothing are left out."""
    bins = []
    for low, high in pairwise(edges):
        chosen = (probabilities >= low) & ((probabilities < high) | (high == edges[-1]))
        if count := int(chosen.sum()):
            kept = float(right[chosen].mean())
            bins.append(Bin(low, high, count, float(probabilities[chosen].mean()), kept, *interval(kept, count)))
    return bins


def calibration_error(bins: Sequence[Bin]) -> float:
    """How far promise and outcome lie apart, on average over all topics (ECE): in [0, 1], 0 is perfect."""
    count = sum(one.count for one in bins)
    return sum(one.count * abs(one.promised - one.kept) for one in bins) / count if count else 0.0


def interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of `count` >= 1 cases (Wilson 1927); it holds the share itself."""
    spread = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    middle, scale = share + _Z**2 / (2 * count), 1 + _Z**2 / count
    return max(0.0, min(share, (middle - spread) / scale)), min(1.0, max(share, (middle + spread) / scale))
