"""The last step of every peer: the best of what it scored, then what is popular, so that no list is short."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.floating]


def best(scores: Mapping[int, float], excluded: Collection[int], n: int) -> list[int]:
    """The `n` pages with the highest positive scores; of equal ones the lower number first."""
    kept = ((-score, page) for page, score in scores.items() if score > 0 and page not in excluded)
    return [page for _score, page in heapq.nsmallest(n, kept)]


def best_of_array(scores: Scores, excluded: Collection[int], n: int) -> list[int]:
    """The same for an array with one score a page; zero and less is no score."""
    wanted = min(n + len(excluded), len(scores))
    if not wanted:
        return []
    places = np.argpartition(-scores, wanted - 1)[:wanted]
    places = places[np.lexsort((places, -scores[places]))]
    return [int(page) for page in places if scores[page] > 0 and page not in excluded][:n]


def filled(pages: Sequence[int], popular: Sequence[int], excluded: Collection[int], n: int) -> list[int]:
    """`pages`, filled up to `n` from `popular`, which is best first."""
    chosen = list(pages[:n])
    for page in popular:
        if len(chosen) >= n:
            break
        if page not in excluded and page not in chosen:
            chosen.append(page)
    return chosen
