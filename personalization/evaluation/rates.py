"""Clicks per impression with a confidence interval that knows that one visitor's impressions are alike."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

Z: Final = 1.959964
"""Of the normal distribution, for 95 %."""


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """Sums over visitors of their impressions m and clicks c: what a rate and its interval are made of."""

    visitors: int
    impressions: int
    clicks: int
    m_squared: float
    c_squared: float
    m_times_c: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Clicks per impression, and its 95 % interval; all in [0, 1]."""

    share: float
    low: float
    high: float


def rate(sums: ClusterSums) -> Rate | None:
    """The rate of a sample of visitors; None without impressions.

    Impressions of one visitor are no independent trials. The variance is that of a ratio of two sums over visitors
    (Cochran, "Sampling Techniques", 1977, 6.3), and the interval is Wilson's for as many independent impressions as
    have that variance: as Korn and Graubard (1998) do, so that it stays in [0, 1] and rare clicks are no certainty.
    """
    if not sums.impressions:
        return None
    share = min(1.0, sums.clicks / sums.impressions)
    return Rate(share, *_wilson(share, _independent_impressions(sums, share)))


def _independent_impressions(sums: ClusterSums, share: float) -> float:
    n = sums.visitors
    residuals = sums.c_squared - 2 * share * sums.m_times_c + share**2 * sums.m_squared
    variance = n / max(1, n - 1) * max(0.0, residuals) / sums.impressions**2
    if variance <= 0 or n < 2:
        return float(n)  # all alike: no more is known than that so many visitors did the same
    return min(float(sums.impressions), max(1.0, share * (1 - share) / variance))


def _wilson(share: float, n: float) -> tuple[float, float]:
    denominator = 1 + Z**2 / n
    centre = share + Z**2 / (2 * n)
    margin = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(0.0, (centre - margin) / denominator), min(1.0, (centre + margin) / denominator)
