"""One vector for a whole page: title, summary and windows over the body, pooled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tagging.reading.windows import Window, page_windows
from tagging.types import PageText, Vector

from .base import Embedder


def embed_pages(embedder: Embedder, texts: Sequence[PageText]) -> list[Vector | None]:
    """A unit-length vector for each page, or None for a page without a single word.

    All windows of all pages go through one call of the embedder, so that it can fill its batches.
    """
    windows = page_windows(texts, for_names=False)
    pool = PagePool(len(texts))
    if windows:
        for window, vector in zip(windows, embedder.embed([window.text for window in windows]), strict=True):
            pool.add(window, vector)
    return pool.vectors()


class PagePool:
    """The vectors of a batch of pages, as sums of those of their windows."""

    def __init__(self, pages: int) -> None:
        self._sums: list[npt.NDArray[np.float64] | None] = [None] * pages

    def add(self, window: Window, vector: Vector) -> None:
        """Count a window's vector with its weight; windows may come in any order."""
        if window.weight:
            known = self._sums[window.page]
            weighted = window.weight * vector.astype(np.float64)
            self._sums[window.page] = weighted if known is None else known + weighted

    def vectors(self) -> list[Vector | None]:
        """The unit-length vector of each page, or None for one without a window."""
        return [None if total is None else _unit(total) for total in self._sums]


def _unit(vector: npt.NDArray[np.float64]) -> Vector | None:
    length = float(np.linalg.norm(vector))
    if not length > 1e-9:
        return None
    return (vector / length).astype(np.float32)
