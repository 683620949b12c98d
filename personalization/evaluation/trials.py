"""What showing new pages costs, or brings: a trial that each list with new pages to show takes part in by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from personalization.recommendation.logged import LoggedSlate
from tagging.evaluation.metrics import Figure

from .bootstrap import cluster_sums, resampled

FEW_TRIALS: Final = 100
"""Below so many new pages shown nothing is said."""

RESAMPLES: Final = 1000


def worth_of_trials(slates: Sequence[LoggedSlate], level: float = 0.95) -> Figure | None:
    """By which share of all clicks lists would earn more if every one of them showed a new page; below 0: fewer.

    New pages beside those that kept such places, each by the probability with which chance left it there; readers are
    resampled. None where too few new pages were shown.
    """
    if sum(slate.trial is not None for slate in slates) < FEW_TRIALS:
        return None
    columns = np.array([_sums(slate) for slate in slates], dtype=np.float64).T
    sums = cluster_sums(columns, np.array([slate.reader for slate in slates]))
    drawn = _share(resampled(sums, RESAMPLES))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Figure(float(_share(sums.sum(axis=0, keepdims=True))[0]), float(low), float(high))


def _sums(slate: LoggedSlate) -> tuple[float, ...]:
    """Clicks and number of trials; the same of pages that kept their place; all clicks; whether it took part."""
    trial, tried, kept = slate.trial, (0.0, 0.0), (0.0, 0.0)
    clicks = slate.clicks + (trial.is_clicked if trial and trial.row is None else 0)
    if not slate.drawn or not slate.exploration:
        return *tried, *kept, clicks, 0.0
    if trial:
        tried = (trial.is_clicked / slate.exploration, 1.0 / slate.exploration)
    for row, place in enumerate(slate.places.tolist()):
        if place in slate.drawn and not (trial and trial.place == place):
            weight = 1.0 / (float(slate.propensities[row]) * len(slate.drawn))
            kept = (kept[0] + weight * bool(slate.clicked[row]), kept[1] + weight)
    return *tried, *kept, clicks, 1.0


def _share(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    tried, trials, kept, pages, clicks, lists = sums.T
    difference = tried / np.maximum(trials, 1e-9) - kept / np.maximum(pages, 1e-9)
    share: npt.NDArray[np.float64] = difference * lists / np.maximum(clicks, 1.0)
    return share
