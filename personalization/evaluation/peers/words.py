"""Related pages as others find them: by the words of their texts. scikit-learn, imported where it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from personalization.evaluation.linked import Array, Rows, Score
from tagging.types import PageText

BM25_SATURATION, BM25_LENGTH = 1.2, 0.75  # Robertson and Zaragoza 2009: k1 and b


def tf_idf(pages: Sequence[PageText]) -> Score:
    """Cosine of TF-IDF over words and pairs of words, titles twice: scikit-learn's, with sublinear counts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    known: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit_transform(map(_text, pages))
    return lambda rows: np.asarray((known[rows] @ known.T).toarray())


def bm25(pages: Sequence[PageText]) -> Score:
    """BM25 of all other pages, with the page's own words as the query."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    counts: Any = csr_array(CountVectorizer(dtype=np.float64).fit_transform(map(_text, pages)))
    lengths = counts.sum(axis=1)
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log1p((len(pages) - frequency + 0.5) / (frequency + 0.5))
    norms = BM25_SATURATION * (1 - BM25_LENGTH + BM25_LENGTH * lengths / max(lengths.mean(), 1e-9))
    places = np.repeat(np.arange(len(pages)), np.diff(counts.indptr))
    answers = counts.copy()
    answers.data = counts.data * (BM25_SATURATION + 1) / (counts.data + norms[places]) * rarity[counts.indices]
    return lambda rows: np.asarray((counts[rows] @ answers.T).toarray())


def title_substring(pages: Sequence[PageText]) -> Score:
    """Pages whose title stands in the page's text, the longest title first."""
    titles = [page.title.casefold() for page in pages]
    texts = [_text(page).casefold() for page in pages]

    def score(rows: Rows) -> Array:
        return np.array([[len(title) * (title in texts[row]) for title in titles] for row in rows], dtype=np.float64)

    return score


def _text(page: PageText) -> str:
    return "\n".join((page.title, page.title, page.summary, *page.body))
