"""How sure one may be of a visitor who is known by a few pages only.

Clusters are made of whole profiles. Two pages point as far as ten do, but less reliably: so probabilities are
tempered (Guo et al. 2017) until they keep, over visitors known by then, what they promise of their first pages.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .features import Matrix
from .mixture import Labels, Mixture, probabilities

EARLY_PAGES: Final = 2
_TEMPERATURES: Final = tuple(float(value) for value in np.geomspace(1, 64, 25))
_LEAST: Final = 1e-6


def temperature_of(mixture: Mixture, views: int) -> float:
    """The mixture's doubt for who has read `EARLY_PAGES` or fewer; the more is read, the nearer to 1."""
    return 1 + (mixture.doubt - 1) * min(1.0, EARLY_PAGES / max(views, 1))


def fit_doubt(mixture: Mixture, early: Matrix, truth: Labels) -> float:
    """The temperature that makes the clusters of whole profiles, `truth`, likeliest given the first pages, `early`."""
    losses = [_loss(probabilities(mixture, early, temperature), truth) for temperature in _TEMPERATURES]
    return _TEMPERATURES[int(np.argmin(losses))]


def _loss(found: Matrix, truth: Labels) -> float:
    return float(-np.log(np.maximum(found[np.arange(len(truth)), truth], _LEAST)).mean())
