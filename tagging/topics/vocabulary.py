"""Pages by their words: which of them share rare ones."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tagging.types import PageText, Words

COMMON = 0.5  # a word on a larger share of the pages tells nothing

_WORD = re.compile(r"\w{3,}")


def page_words(text: PageText) -> Words:
    """The distinct words of a page and how often each is there; those of the title count twice."""
    whole = "\n".join((text.title, *text.paragraphs())).casefold()
    counts = Counter(zlib.crc32(word.encode(errors="replace")) for word in _WORD.findall(whole))
    return np.array(sorted(counts.items()), dtype=np.uint32).reshape(-1, 2)


class WordIndex:
    """Compares a page with many: the cosine of log word counts times inverse page frequency (Salton & Buckley 1988)."""

    def __init__(self, pages: Sequence[Words]) -> None:
        self._size = len(pages)
        words = np.concatenate(pages) if pages else np.empty((0, 2), dtype=np.uint32)
        rows = np.repeat(np.arange(len(pages), dtype=np.int32), [len(page) for page in pages])
        self._known, columns, frequency = np.unique(words[:, 0], return_inverse=True, return_counts=True)
        self._rarity = np.log((1 + len(pages)) / (1 + frequency)) * (frequency <= COMMON * len(pages))
        weights = _dampened(words) * self._rarity[columns]
        lengths = np.sqrt(np.bincount(rows, weights=weights**2, minlength=len(pages)))
        order = np.argsort(columns, kind="stable")
        self._rows = rows[order]
        self._weights = (weights / np.maximum(lengths[rows], 1e-9))[order].astype(np.float32)
        self._ends = np.cumsum(frequency)
        self._starts = self._ends - frequency

    def cosines(self, words: Words) -> npt.NDArray[np.float64]:
        """How near a page is to each page of the index, in [0, 1]; words that none of them has are left out."""
        _both, here, places = np.intersect1d(words[:, 0], self._known, assume_unique=True, return_indices=True)
        weights = _dampened(words[here]) * self._rarity[places]
        told = weights > 0
        places, weights = places[told], weights[told]
        if not len(places):
            return np.zeros(self._size)
        starts, counts = self._starts[places], self._ends[places] - self._starts[places]
        first = np.cumsum(counts) - counts  # where each word's pages begin among all that are picked
        picked = np.repeat(starts - first, counts) + np.arange(counts.sum())
        shares = self._weights[picked] * np.repeat(weights / np.linalg.norm(weights), counts)
        return np.asarray(np.bincount(self._rows[picked], weights=shares, minlength=self._size), dtype=np.float64)


def _dampened(words: Words) -> npt.NDArray[np.float64]:
    return np.asarray(1 + np.log(words[:, 1]))
