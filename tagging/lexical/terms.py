"""From a page's text to its terms, hashed into columns: as with scikit-learn's HashingVectorizer, no list is kept."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tagging.types import PageText, Terms

DIMENSIONS = 2**20  # two of a page's thousand terms rarely share a column
MOST_TERMS = 1000  # pgvector indexes sparse vectors of up to so many; few pages have more
MAX_WORDS = 40_000
TITLE_TIMES = 2

# A Chinese or Japanese character stands as a word of its own; of other scripts, words of two letters and more.
_WORD = re.compile(r"[぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]{2,}")


def page_terms(text: PageText) -> Terms:
    """The words and pairs of neighbouring words of a page, those of its title counted twice.

    Pairs do not reach across paragraphs. Each term's name is the way in which it is written most often. A term
    that shares its column with another of the page is counted with it.
    """
    written: Counter[str] = Counter()
    left = MAX_WORDS
    for paragraph, times in ((text.title, TITLE_TIMES), (text.summary, 1), *((part, 1) for part in text.body)):
        words = _WORD.findall(paragraph)[:left]
        left -= len(words)
        for term in (*words, *map(" ".join, pairwise(words))):
            written[term] += times
    return _hashed(written)


def rarity(pages: npt.NDArray[np.integer], total: int) -> npt.NDArray[np.float64]:
    """How much terms tell that are on so many `pages` of `total`: ln((1 + total) / (1 + pages)), 0 at the least."""
    return np.maximum(np.log((1 + total) / (1.0 + pages)), 0.0)


def strongest(terms: Terms, pages: npt.NDArray[np.integer], total: int, limit: int = MOST_TERMS) -> Terms:
    """The `limit` terms of greatest weight times rarity, `pages` being on how many of `total` pages each is."""
    if len(terms.columns) <= limit:
        return terms
    # Rounded, so that equal ones stay in order however weights were kept.
    worth = np.round(terms.weights * rarity(pages, total), 6)
    best = np.sort(np.argsort(-worth, kind="stable")[:limit])
    return Terms(terms.columns[best], terms.weights[best], tuple(terms.names[number] for number in best))


def _hashed(written: Counter[str]) -> Terms:
    counts: Counter[int] = Counter()
    names: dict[int, tuple[int, str]] = {}
    for term, times in written.items():
        column = _column(term)
        counts[column] += times
        names[column] = max(names.get(column, (0, "")), (times, term))
    columns = sorted(counts)
    weights = 1 + np.log(_array(counts[column] for column in columns))
    return Terms(
        np.array(columns, dtype=np.uint32), weights.astype(np.float32), tuple(names[column][1] for column in columns)
    )


def _column(term: str) -> int:
    return zlib.crc32(term.casefold().encode(errors="replace")) % DIMENSIONS


def _array(values: Iterable[float]) -> npt.NDArray[np.float64]:
    return np.fromiter(values, dtype=np.float64)
