"""Which pages go together, by factorising who read what: two methods from the literature, as lists of neighbours.

Both lose to counting on content sites that were measured; they are here for sites that are read like a shop or a
library, again and again by the same people. Only workers fit; what is served is a table of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

NEIGHBOURS: Final = 100
"""So many others of each page are kept."""

MOST_PAGES: Final = 5_000
"""So many pages are factorised, the most read: EASE inverts a matrix of all of them by all of them (200 MB)."""

REGULARISATION: Final = 200.0
FACTORS: Final = 64
CONFIDENCE: Final = 10.0
PENALTY: Final = 1.0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """`page_ids` (pages,), and for each of them the ids and weights (pages, n) of others, strongest first.

    Weights are finite; those of 0 and less say nothing.
    """

    page_ids: Ids
    others: Ids
    weights: Numbers

    def of(self) -> Mapping[int, tuple[list[int], list[float]]]:
        """Page id to the others that say something, and their weights."""
        found = {}
        for page_id, others, weights in zip(self.page_ids.tolist(), self.others, self.weights, strict=True):
            some = weights > 0.0
            found[page_id] = (others[some].tolist(), [round(weight, 6) for weight in weights[some].tolist()])
        return found


def ease(matrix: Any, page_ids: Ids, n: int = NEIGHBOURS) -> Neighbours:
    """The closed-form linear autoencoder (Steck, 2019) of a sparse (sessions, pages) matrix of zeros and ones."""
    gram = np.asarray((matrix.T @ matrix).todense(), dtype=np.float64)
    gram[np.diag_indices_from(gram)] += REGULARISATION
    inverse = np.linalg.inv(gram)
    weights = inverse / -np.diag(inverse)
    return _strongest(weights, page_ids, n)


def als(matrix: Any, page_ids: Ids, n: int = NEIGHBOURS) -> Neighbours:
    """Implicit-feedback ALS (Hu, Koren and Volinsky, 2008): what it would propose to a reader of one page each."""
    from implicit.als import AlternatingLeastSquares

    size = min(FACTORS, max(1, min(matrix.shape) - 1))
    model = AlternatingLeastSquares(
        factors=size, regularization=PENALTY, alpha=CONFIDENCE, iterations=15, random_state=0, num_threads=1
    )
    model.fit(matrix.tocsr().astype(np.float32), show_progress=False)
    items = np.asarray(model.item_factors, dtype=np.float64)
    readers = _folded_in(items)
    return _strongest(readers @ items.T, page_ids, n)


METHODS: Final[Mapping[str, Callable[[Any, Ids], Neighbours]]] = {"ease": ease, "als": als}


def matrix_of(sessions: Sequence[Sequence[int]], most: int = MOST_PAGES) -> tuple[Any, Ids]:
    """A sparse (sessions, pages) matrix of zeros and ones, and the pages of its columns, ascending.

    Only the `most` read pages, and sessions that hold two of them: the others say nothing of what goes together.
    """
    from scipy.sparse import csr_matrix

    ids, counts = np.unique([page for pages in sessions for page in set(pages)], return_counts=True)
    kept = np.sort(ids[np.lexsort((ids, -counts))[:most]]).astype(np.int64)
    known = set(kept.tolist())
    useful = [sorted(set(pages) & known) for pages in sessions]
    useful = [pages for pages in useful if len(pages) > 1]
    columns = np.searchsorted(kept, [page for pages in useful for page in pages])
    rows = np.repeat(np.arange(len(useful)), [len(pages) for pages in useful])
    shape = (len(useful), len(kept))
    return csr_matrix((np.ones(len(columns), dtype=np.float64), (rows, columns)), shape=shape), kept


def _folded_in(items: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """For each page, the factors of a reader of that page alone, the items' held fixed.

    `(Y'Y + c y y' + p I)^-1 (1 + c) y` by Sherman and Morrison: one inverse for all of them.
    """
    inverse = np.linalg.inv(items.T @ items + PENALTY * np.eye(items.shape[1]))
    solved = items @ inverse
    alone = np.einsum("pf,pf->p", solved, items)
    readers: npt.NDArray[np.float64] = (1.0 + CONFIDENCE) * solved / (1.0 + CONFIDENCE * alone)[:, None]
    return readers


def _strongest(weights: npt.NDArray[np.float64], page_ids: Ids, n: int) -> Neighbours:
    np.fill_diagonal(weights, -np.inf)
    n = min(n, max(len(page_ids) - 1, 0))
    order = np.argsort(-weights, axis=1, kind="stable")[:, :n]
    return Neighbours(page_ids, page_ids[order], np.take_along_axis(weights, order, axis=1).astype(np.float32))
