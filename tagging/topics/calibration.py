"""From a score to a probability that holds: of ten topics at 0.8, editors take eight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PRIOR_DECISIONS = 20.0  # how many decisions it takes to move the curve half way
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's curve: the logistic of `slope * logit + intercept`. As it stands it changes nothing."""

    slope: float = 1.0
    intercept: float = 0.0

    def probability(self, logit: float) -> float:
        """In [0, 1]; never falls where the logit rises."""
        return float(1 / (1 + np.exp(-np.clip(self.slope * logit + self.intercept, -30, 30))))


def calibrate(
    logits: npt.NDArray[np.floating],
    right: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.floating] | None = None,
) -> Calibration:
    """Fit the curve to decisions: the logit a topic had, whether editors took it, and how much that counts.

    Drawn towards no change while decisions are few (Platt 1999, with a prior on both parameters), and
    never sloping down. Without `weights` each decision counts 1.
    """
    counts = np.ones(len(logits)) if weights is None else weights
    features = np.column_stack([logits, np.ones(len(logits))])
    start = np.array([1.0, 0.0])
    pull = np.diag([PRIOR_DECISIONS, PRIOR_DECISIONS / 10])
    curve = start.copy()
    for _ in range(_STEPS):  # Newton's method, step halved where it overshoots
        chances = 1 / (1 + np.exp(-np.clip(features @ curve, -30, 30)))
        gradient = features.T @ (counts * (chances - right)) + pull @ (curve - start)
        curvature = (features.T * (counts * chances * (1 - chances))) @ features + pull
        step = np.linalg.solve(curvature, gradient)
        curve = curve - step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-8:
            break
    return Calibration(max(float(curve[0]), 0.05), float(curve[1]))
