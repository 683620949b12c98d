"""How good a ranking of topics is, page by page, and how sure one may be of the mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]
"""Pages by topics; the greater, the better the fit."""
Labels = npt.NDArray[np.bool_]
"""Pages by topics; every page has at least one."""
PerPage = npt.NDArray[np.float64]

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over pages with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


def precision_at_1(scores: Scores, labels: Labels) -> PerPage:
    """1 where the first topic is right. Of topics with the same score the earlier one is first."""
    return np.asarray(labels[np.arange(len(labels)), scores.argmax(axis=1)], dtype=np.float64)


def recall_at_3(scores: Scores, labels: Labels) -> PerPage:
    """The share of a page's topics that are among the first three."""
    first = np.argsort(-scores, axis=1, kind="stable")[:, :3]
    return np.asarray(np.take_along_axis(labels, first, axis=1).sum(axis=1) / labels.sum(axis=1))


def ranking_precision(scores: Scores, labels: Labels) -> PerPage:
    """LRAP: at each right topic, the share of right ones among those ranked as high; a tie counts against it."""
    above = scores[:, None, :] >= scores[:, :, None]  # page, topic, topic that stands as high or higher
    ranks = above.sum(axis=2)
    hits = (above & labels[:, None, :]).sum(axis=2)
    return np.asarray(np.where(labels, hits / ranks, 0).sum(axis=1) / labels.sum(axis=1))


METRICS = {"P@1": precision_at_1, "R@3": recall_at_3, "LRAP": ranking_precision}


def figure(per_page: PerPage, seed: int = 0) -> Figure:
    """The mean, and between which values 95 % of the means of resampled pages lie."""
    drawn = np.random.default_rng(seed).integers(0, len(per_page), (RESAMPLES, len(per_page)))
    low, high = np.quantile(per_page[drawn].mean(axis=1), [0.025, 0.975])
    return Figure(float(per_page.mean()), float(low), float(high))
