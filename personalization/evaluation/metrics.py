"""How good lists are: whether they hold the page that was read next, and what they do to the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt

Ranks = npt.NDArray[np.integer]
"""The place of the right page in each list, from 1; 0 where it is not in it."""
PerList = npt.NDArray[np.float64]
Lists = npt.NDArray[np.integer]
"""Lists by places: page numbers, best first, -1 where a list is shorter."""

LENGTHS: Final = (5, 10)


def hit_rate(ranks: Ranks, k: int) -> PerList:
    """1 where the right page is among the first `k`."""
    return np.asarray((ranks > 0) & (ranks <= k), dtype=np.float64)


def ndcg(ranks: Ranks, k: int) -> PerList:
    """1 / log2(1 + rank) within the first `k`, else 0 (Järvelin and Kekäläinen 2002, with one right page)."""
    return np.asarray(hit_rate(ranks, k) / np.log2(1 + np.maximum(ranks, 1)))


def reciprocal_rank(ranks: Ranks, k: int) -> PerList:
    """1 / rank within the first `k`, else 0 (MRR when averaged)."""
    return np.asarray(hit_rate(ranks, k) / np.maximum(ranks, 1))


METRICS: Final[Mapping[str, Callable[[Ranks], PerList]]] = {
    f"{name}@{k}": partial(measure, k=k)
    for k in LENGTHS
    for name, measure in (("HR", hit_rate), ("nDCG", ndcg), ("MRR", reciprocal_rank))
}


def shown(lists: Lists, pages: int) -> npt.NDArray[np.int64]:
    """How often each of `pages` pages stands in a list."""
    return np.asarray(np.bincount(lists[lists >= 0].ravel(), minlength=pages))


def coverage(exposure: npt.NDArray[np.integer]) -> float:
    """The share of the catalogue that stands in any list, in [0, 1]."""
    return float((exposure > 0).mean()) if len(exposure) else 0.0


def gini(exposure: npt.NDArray[np.integer]) -> float:
    """How unequally pages are shown: 0 all alike, towards 1 a single page; over the whole catalogue."""
    total, size = exposure.sum(), len(exposure)
    if not total:
        return 0.0
    places = np.arange(1, size + 1)
    return float(2 * (places * np.sort(exposure)).sum() / (size * total) - (size + 1) / size)


def top_share(exposure: npt.NDArray[np.integer], share: float = 0.01) -> float:
    """Which part of all places the most shown pages take: 1 % of the catalogue, at least one page."""
    total = exposure.sum()
    most = max(1, round(len(exposure) * share))
    return float(np.sort(exposure)[-most:].sum() / total) if total else 0.0


def novelty(lists: Lists, views: npt.NDArray[np.integer]) -> float:
    """Mean self-information of the shown pages in bits: -log2 of each page's share of the known `views`.

    As in Vargas and Castells (2011). A page without a view counts as with one.
    """
    given = lists[lists >= 0]
    bits = -np.log2(np.maximum(views, 1) / max(1, views.sum()))
    return float(bits[given].mean()) if given.size else 0.0


def intra_list_similarity(lists: Lists, vectors: npt.NDArray[np.floating], batch: int = 4096) -> float:
    """Mean cosine of all pairs within a list, over the lists with at least two pages.

    `vectors` has a row a page, of unit length or all 0. The sum over pairs is (|sum|² - sum of squares) / 2.
    """
    total, count = 0.0, 0
    for start in range(0, len(lists), batch):
        part = lists[start : start + batch]
        own = vectors[np.maximum(part, 0)] * (part >= 0)[..., None]
        sizes = (part >= 0).sum(axis=1)
        pairs = sizes * (sizes - 1)
        twice = (own.sum(axis=1) ** 2).sum(axis=1) - (own**2).sum(axis=(1, 2))
        total += float((twice[pairs > 0] / pairs[pairs > 0]).sum())
        count += int((pairs > 0).sum())
    return total / count if count else 0.0
