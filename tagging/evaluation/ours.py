"""Our own figures, made by the code that tags a site's pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tagging.embedding.base import Embedder
from tagging.topics import Calibration, TopicMatcher, calibrate, describe, page_words
from tagging.types import Decisions, TopicDefinition

from .corpus import Corpus, TopicText
from .metrics import Scores


class Progress(Protocol):
    """What shows how far it is, as tqdm does."""

    def __call__(self, steps: Iterable[int], *, desc: str) -> Iterable[int]: ...


def topic_set(topics: Sequence[TopicText], embedder: Embedder) -> tuple[TopicDefinition, ...]:
    """The topics with their vectors; their ids are their places in the corpus."""
    described = embedder.embed([describe(topic.name, topic.description, topic.synonyms) for topic in topics])
    named = embedder.embed([topic.name for topic in topics])
    return tuple(
        TopicDefinition(number, topic.name, topic.description, topic.synonyms, described[number], (), named[number])
        for number, topic in enumerate(topics)
    )


def decisions(corpus: Corpus, vectors: npt.NDArray[np.float32], count: int) -> Decisions | None:
    """What editors decided on the newest `count` pages of the learning part; None where that is nothing."""
    learn, _tune, _test = corpus.split()
    rows = slice(max(learn.stop - count, 0), learn.stop)
    if rows.start == rows.stop:
        return None
    return Decisions(
        page_ids=tuple(page.page_id for page in corpus.pages[rows]),
        vectors=vectors[rows],
        votes=corpus.labels[rows].astype(np.float64),
        age_days=corpus.days[learn.stop - 1] - corpus.days[rows],
        words=tuple(page_words(page) for page in corpus.pages[rows]),
    )


def logits(
    matcher: TopicMatcher, corpus: Corpus, vectors: npt.NDArray[np.float32], part: slice, progress: Progress, desc: str
) -> Scores:
    """The matcher's score of every topic for every page of a part."""
    pages = progress(range(part.start, part.stop), desc=desc)
    return np.array([matcher.logits(corpus.pages[page], vectors[page], ()) for page in pages])


def calibrated(tuned: Scores, labels: npt.NDArray[np.bool_], tested: Scores) -> tuple[Calibration, Scores]:
    """The curve that fits the tuning part, and the probabilities that it gives the test part."""
    curve = calibrate(tuned.ravel(), labels.ravel())
    return curve, np.vectorize(curve.probability, otypes=[np.float64])(tested)
