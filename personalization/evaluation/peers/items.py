"""Pages by pages: item-kNN (`implicit`) and EASE (Steck, "Embarrassingly Shallow Autoencoders", WWW 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .fitted import Fitted, step_weights


class ItemKnn(Fitted):
    """Pages read in the same sessions, by cosine; `k` neighbours a page."""

    name = "item-kNN"

    def __init__(self, k: int = 100, **options: Any) -> None:
        super().__init__(**options)
        self._k = k

    def _fit(self, read: Any) -> None:
        from implicit.nearest_neighbours import ItemItemRecommender
        from scipy.sparse import diags

        counts = np.asarray(read.sum(axis=0)).ravel()
        model = ItemItemRecommender(K=self._k, num_threads=1)
        model.fit((read @ diags(1 / np.sqrt(np.maximum(counts, 1)))).tocsr().astype(np.float64), show_progress=False)
        self._similarity = model.similarity.tocsr()

    def _scores(self, pages: Sequence[int]) -> npt.NDArray[np.floating]:
        return np.asarray(step_weights(pages) @ self._similarity[list(pages)]).ravel()


class Ease(Fitted):
    """A linear map of the session's pages onto all, of the `most` read ones: its square must fit into memory."""

    name = "EASE"

    def __init__(self, strength: float = 100.0, most: int = 5000, **options: Any) -> None:
        super().__init__(**options)
        self._strength, self._most = strength, most

    def _fit(self, read: Any) -> None:
        counts = np.asarray(read.sum(axis=0)).ravel()
        self._kept = np.sort(np.argsort(-counts, kind="stable")[: self._most])
        self._kept = self._kept[counts[self._kept] > 0]
        self._place = np.full(read.shape[1], -1)
        self._place[self._kept] = np.arange(len(self._kept))
        chosen = read[:, self._kept]
        gram = np.asarray((chosen.T @ chosen).todense(), dtype=np.float32)
        gram[np.diag_indices_from(gram)] += self._strength
        inverse = np.linalg.inv(gram)
        self._weights = inverse / -np.diag(inverse)
        np.fill_diagonal(self._weights, 0.0)

    def _scores(self, pages: Sequence[int]) -> npt.NDArray[np.floating]:
        places, weights = self._place[list(pages)], step_weights(pages)
        scores = np.zeros(self._columns, dtype=np.float32)
        scores[self._kept] = weights[places >= 0] @ self._weights[places[places >= 0]]
        return scores
