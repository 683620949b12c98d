"""Vectors of pages for intra-list similarity: by their words where there are texts, else by who read them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .catalogue import Catalogue, CataloguePage
from .log import Log

DIMENSIONS = 128
"""Random signs keep cosines right on average (Achlioptas 2003), and the mean over thousands of pairs exact enough."""

Vectors = npt.NDArray[np.float32]


def by_readers(log: Log, stop: int, seed: int = 0) -> Vectors:
    """Unit vectors whose cosine is that of the sets of sessions that read two pages; rows of a page unread are 0.

    Only views before row `stop` count, and the first reading of each session.
    """
    first = np.flatnonzero(log.is_first_reading[:stop])
    pages, sessions = log.pages[first], log.sessions[first]
    random = np.random.default_rng(seed)
    size = int(log.sessions.max(initial=0)) + 1
    columns = [
        np.bincount(pages, weights=random.choice((-1.0, 1.0), size)[sessions], minlength=len(log.page_names))
        for _ in range(DIMENSIONS)
    ]
    return _unit(np.stack(columns, axis=1))


def by_words(catalogue: Catalogue, seed: int = 0) -> Vectors:
    """Unit vectors whose cosine is that of the pages' TF-IDF vectors. Needs scikit-learn."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.random_projection import SparseRandomProjection

    words = TfidfVectorizer(sublinear_tf=True, min_df=2, max_df=0.3, max_features=50_000)
    weights = words.fit_transform([_text(page) for page in catalogue.pages])
    projection = SparseRandomProjection(DIMENSIONS, dense_output=True, random_state=seed)
    return _unit(projection.fit_transform(weights))


def _text(page: CataloguePage | None) -> str:
    return f"{page.title} {page.summary} {page.text}" if page else ""


def _unit(rows: npt.NDArray[np.floating]) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)
