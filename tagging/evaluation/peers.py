"""What others do, on the same pages and with the same vectors. Needs scikit-learn for the learned ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tagging.types import PageText

from .corpus import Corpus
from .metrics import Labels, Scores, ranking_precision

STRENGTHS = (1.0, 10.0, 100.0)  # of the learned peers' regularisation; the best on the tuning part counts


def installed_pipelines(language: str) -> list[str]:
    """The spaCy pipelines of a language that are installed as packages."""
    from spacy.util import get_installed_models

    return sorted(name for name in get_installed_models() if name.startswith(f"{language.split('-')[0]}_"))


def substring_of_name(corpus: Corpus, pages: slice) -> Scores:
    """How often the topic's name is found in the text, be it inside a word."""
    names = [topic.name.lower() for topic in corpus.topics]
    texts = [_whole(page).lower() for page in corpus.pages[pages]]
    return np.array([[text.count(name) for name in names] for text in texts], dtype=np.float64)


def words_with_logistic_regression(corpus: Corpus) -> Scores:
    """TF-IDF of words and pairs of words; one logistic regression a topic. Scores of the test part."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    learn, _tune, _test = corpus.split()
    texts = [_whole(page) for page in corpus.pages]
    words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2), stop_words="english", max_features=50_000)
    words.fit(texts[learn])
    return _best(words.transform(texts), corpus)


def vectors_with_logistic_regression(corpus: Corpus, vectors: npt.NDArray[np.float32]) -> Scores:
    """One logistic regression a topic on the page vectors. Scores of the test part."""
    return _best(vectors, corpus)


def _best(features: Any, corpus: Corpus) -> Scores:
    """The strength that ranks the tuning part best, applied to the test part. `features` may be sparse."""
    learn, tune, test = corpus.split()
    models = [_Regressions(features[learn], corpus.labels[learn], strength) for strength in STRENGTHS]
    best = max(models, key=lambda model: ranking_precision(model(features[tune]), corpus.labels[tune]).mean())
    return best(features[test])


class _Regressions:
    """One logistic regression for each topic that has both kinds of example; 0 for the others."""

    def __init__(self, features: Any, labels: Labels, strength: float) -> None:
        from sklearn.linear_model import LogisticRegression

        self._models = [
            LogisticRegression(C=strength, max_iter=300, solver="liblinear").fit(features, column)
            if column.any() and not column.all()
            else None
            for column in labels.T
        ]

    def __call__(self, features: Any) -> Scores:
        scores = np.zeros((features.shape[0], len(self._models)))
        for number, model in enumerate(self._models):
            if model is not None:
                scores[:, number] = model.predict_proba(features)[:, 1]
        return scores


def _whole(page: PageText) -> str:
    return "\n".join(page.paragraphs())
