"""What another setting would have earned, from what was logged under the live one.

Each row is one page that was shown where chance had a hand: what it earned, how likely the live setting was to show it
there, and how likely the setting in question would have been. Nothing can be said of pages that were never shown by
chance; `overlap` says how much of the new setting that is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tagging.evaluation.metrics import Figure

from .bootstrap import cluster_sums, resampled

Floats = npt.NDArray[np.float64]
Columns = tuple[Floats, Floats]
"""Row by row two numbers; an estimate is the first one's sum by the second's."""

RESAMPLES: Final = 1000
FEW_EFFECTIVE: Final = 100
"""Below so many effective rows an interval is no more than a guess itself."""


@dataclass(frozen=True)
class Logged:
    """What was logged, row by row.

    `rewards`: such as 0 or 1 for a click. `logging`: the probability in (0, 1] with which the live setting showed
    the page there. `target`: the same under the new setting, in [0, 1]. `groups`: whose it is, as one visitor's rows
    are alike. For `doubly_robust` also what a model expects: `expected` of the page that was shown, and
    `expected_target` on average of the pages that the new setting would show there. `coverage` is what each row adds
    to a sum that is 1 a row where the live setting could have shown all that the new one would; left out, it is the
    weight, which is right where rewards do not depend on the place.

    Raises ValueError where a probability is out of its range or the arrays differ in length.
    """

    rewards: Floats
    logging: Floats
    target: Floats
    groups: npt.NDArray[np.integer]
    expected: Floats | None = None
    expected_target: Floats | None = None
    coverage: Floats | None = None

    def __post_init__(self) -> None:
        given = [self.rewards, self.logging, self.target, self.groups, self.expected, self.expected_target]
        given.append(self.coverage)
        if len({len(one) for one in given if one is not None}) > 1:
            raise ValueError("rewards, probabilities, groups and expectations must be of one length.")
        if not len(self.rewards):
            raise ValueError("there is no row: nothing was shown by chance. Give the placement an exploration share.")
        if not ((self.logging > 0) & (self.logging <= 1)).all():
            raise ValueError("each logging probability is above 0 and at most 1: what was shown could be shown.")
        if not ((self.target >= 0) & (self.target <= 1)).all():
            raise ValueError("each target probability is between 0 and 1.")

    def weights(self, clip: float | None = None) -> Floats:
        """How many times as likely the new setting shows it; at most `clip`, which buys calm with some bias."""
        weights = self.target / self.logging
        return weights if clip is None else np.minimum(weights, clip)

    def covered(self, clip: float | None = None) -> Floats:
        """`coverage`, clipped as the weights are."""
        if self.coverage is None:
            return self.weights(clip)
        weights = self.weights()
        return self.coverage * np.divide(self.weights(clip), weights, out=np.ones_like(weights), where=weights > 0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The reward of a row under the new setting, with its 95 % interval.

    `effective_rows` is how many rows of the new setting itself would tell as much (Kish 1965); `overlap` is the mean
    coverage, which is 1 where the live setting could have shown all that the new one would.
    """

    value: Figure
    effective_rows: float
    overlap: float

    @property
    def is_guess(self) -> bool:
        """Whether so little is known that nobody should decide by it."""
        return self.effective_rows < FEW_EFFECTIVE


def ips(logged: Logged, clip: float | None = None) -> Estimate:
    """Inverse propensity scores (Horvitz and Thompson 1952): right on average, and restless where weights are large."""
    return _estimate(logged, ips_columns(logged, clip), clip)


def snips(logged: Logged, clip: float | None = None) -> Estimate:
    """Self-normalised IPS (Swaminathan and Joachims 2015): a little bias, much calmer, never beyond the rewards seen.

    Where no row could have been shown by the new setting the value is 0 and `effective_rows` too.
    """
    return _estimate(logged, snips_columns(logged, clip), clip)


def doubly_robust(logged: Logged, clip: float | None = None) -> Estimate:
    """What a model expects, put right by what was seen (Dudík, Langford and Li 2011): right on average where either
    the model or the probabilities are. Raises ValueError without `expected` and `expected_target`."""
    return _estimate(logged, doubly_robust_columns(logged, clip), clip)


def live(logged: Logged) -> Estimate:
    """What the live setting earned on the same rows: what an estimate is to be compared with."""
    same = replace(logged, target=logged.logging, coverage=None)
    return _estimate(same, live_columns(logged))


def ips_columns(logged: Logged, clip: float | None = None) -> Columns:
    weights = logged.weights(clip)
    return weights * logged.rewards, np.ones_like(weights)


def snips_columns(logged: Logged, clip: float | None = None) -> Columns:
    return logged.weights(clip) * logged.rewards, logged.covered(clip)


def doubly_robust_columns(logged: Logged, clip: float | None = None) -> Columns:
    if logged.expected is None or logged.expected_target is None:
        raise ValueError("doubly_robust needs what a model expects: `expected` and `expected_target`.")
    values = logged.expected_target + logged.weights(clip) * (logged.rewards - logged.expected)
    return values, np.ones_like(values)


def live_columns(logged: Logged, clip: float | None = None) -> Columns:
    return logged.rewards, np.ones_like(logged.rewards)


def effective_rows(logged: Logged, clip: float | None = None) -> float:
    """Of the new setting itself, how many rows would tell as much."""
    weights = logged.weights(clip)
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _estimate(logged: Logged, columns: Columns, clip: float | None = None) -> Estimate:
    """The first column's sum by the second's, and how that scatters when visitors are drawn anew."""
    sums = cluster_sums(np.stack(columns), logged.groups)
    drawn = _ratio(resampled(sums, RESAMPLES))
    low, high = np.quantile(drawn, [0.025, 0.975])
    value = Figure(float(_ratio(sums.sum(axis=0, keepdims=True))[0]), float(low), float(high))
    return Estimate(value, effective_rows(logged, clip), float(logged.covered(clip).mean()))


def _ratio(sums: Floats) -> Floats:
    """First column by second; 0 where the second is."""
    return np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
