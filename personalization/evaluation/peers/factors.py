"""Matrix factorisation by `implicit`: ALS (Hu, Koren and Volinsky 2008) and BPR (Rendle et al. 2009)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .fitted import Fitted

SEED = 0


class Als(Fitted):
    """The session's factors are computed from its pages and the pages' factors, as a fold-in."""

    name = "ALS"

    def __init__(self, factors: int = 64, strength: float = 0.05, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self._factors, self._strength, self._alpha = factors, strength, alpha

    def _fit(self, read: Any) -> None:
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=self._factors,
            regularization=self._strength,
            alpha=self._alpha,
            iterations=15,
            num_threads=1,
            random_state=SEED,
        )
        model.fit(read, show_progress=False)
        self._vectors = np.asarray(model.item_factors)
        self._square = self._vectors.T @ self._vectors + self._strength * np.eye(self._factors, dtype=np.float32)

    def _scores(self, pages: Sequence[int]) -> npt.NDArray[np.floating]:
        own = self._vectors[list(pages)]
        left = self._square + self._alpha * own.T @ own
        # Confidence is 1 + alpha where read; implicit takes alpha itself for it.
        session = np.linalg.solve(left, own.sum(axis=0) * (1 + self._alpha))
        return np.asarray(self._vectors @ session)


class Bpr(Fitted):
    """A session it has not been fitted on is the mean of its pages' factors."""

    name = "BPR"

    def __init__(self, factors: int = 64, iterations: int = 100, **options: Any) -> None:
        super().__init__(**options)
        self._factors, self._iterations = factors, iterations

    def _fit(self, read: Any) -> None:
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        model = BayesianPersonalizedRanking(
            factors=self._factors, iterations=self._iterations, num_threads=1, random_state=SEED
        )
        model.fit(read, show_progress=False)
        self._vectors, self._bias = np.asarray(model.item_factors[:, :-1]), np.asarray(model.item_factors[:, -1])

    def _scores(self, pages: Sequence[int]) -> npt.NDArray[np.floating]:
        scores = self._vectors @ self._vectors[list(pages)].mean(axis=0) + self._bias
        return np.asarray(scores - scores.min() + 1e-6)
