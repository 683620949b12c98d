"""How well names are found, measured on sentences whose names somebody has marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tagging.ner.base import Recognizer
from tagging.ner.training.corpora import read_sentences, to_examples
from tagging.ner.training.examples import Example, recase
from tagging.ner.training.score import Found, score
from tagging.types import PageText

from .metrics import RESAMPLES, Figure
from .ours import Progress
from .report import EntityRow

LABELS = ("PER", "ORG", "LOC")
LEAST = (0.6, 0.8)  # of what is sure: enough to suggest, enough to apply
CASES = {"Title Case": "title", "UPPER CASE": "upper", "lower case": "lower"}
BATCH = 64

_TAG = re.compile(r"O|[BI]-\S+")

Counts = npt.NDArray[np.int64]
"""Sentences by three: names that were right, that were found, that are there."""


def read_entities(file: Path) -> list[Example]:
    """Sentences as running text, from lines of a token and its BIO tag with blank lines in between.

    PER, ORG and LOC count, by these or by their usual other names; the rest are no names. Raises ValueError
    where a line is not as described, OSError where the file cannot be read.
    """
    sentences = list(read_sentences(file))
    for sentence in sentences:
        for token, tag in sentence:
            if not _TAG.fullmatch(tag):
                raise ValueError(f"{token!r} has the tag {tag!r}; a tag is O, or as B-PER and I-PER.")
    if not sentences:
        raise ValueError("there is no sentence in it.")
    return to_examples(sentences, file.stem)


def entity_rows(
    method: str, recognizer: Recognizer, examples: Sequence[Example], language: str, progress: Progress
) -> Iterator[EntityRow]:
    """One recogniser's figures: of all names, of each kind, of the sure ones, and with the text in other cases."""
    found = _found(recognizer, examples, language, progress, method)
    yield _row(method, "all", _counts(examples, found))
    for label in LABELS:
        yield _row(method, label, _counts(examples, found, label))
    for least in LEAST:
        yield _row(method, f"at least {least}", _counts(examples, found, least=least))
    for name, case in CASES.items():
        copies = [copy for example in examples if (copy := recase(example, case))]
        yield _row(method, name, _counts(copies, _found(recognizer, copies, language, progress, f"{method}, {name}")))


def _found(
    recognizer: Recognizer, examples: Sequence[Example], language: str, progress: Progress, desc: str
) -> list[Found]:
    """The names in each sentence; each is a page of its own, so that none helps another."""
    found: list[Found] = []
    for start in progress(range(0, len(examples), BATCH), desc=desc):
        batch = examples[start : start + BATCH]
        pages = [PageText(number, "", "", (example.text,), language) for number, example in enumerate(batch)]
        found += [
            [((name.start, name.end, name.label), name.score) for name in names if name.label in LABELS]
            for names in recognizer.recognize(pages)
        ]
    return found


def _counts(examples: Sequence[Example], found: Sequence[Found], label: str = "", least: float = 0.0) -> Counts:
    scores = [score([example.spans], [names], label, least) for example, names in zip(examples, found, strict=True)]
    return np.array([[one.right, one.found, one.gold] for one in scores], dtype=np.int64)


def _row(method: str, part: str, counts: Counts, seed: int = 0) -> EntityRow:
    """Figures with 95 % intervals, by resampling sentences."""
    size = len(counts)
    drawn = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), RESAMPLES) @ counts
    low, high = np.quantile(_ratios(drawn), [0.025, 0.975], axis=0)
    means = _ratios(counts.sum(axis=0))
    figures = tuple(Figure(*map(float, three)) for three in zip(means, low, high, strict=True))
    return EntityRow(method, part, int(counts[:, 2].sum()), figures)


def _ratios(counts: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Precision, recall and F1; 0 where there is nothing to divide by."""
    right, found, gold = np.moveaxis(counts, -1, 0)
    return np.stack(
        [right / np.maximum(found, 1), right / np.maximum(gold, 1), 2 * right / np.maximum(found + gold, 1)], axis=-1
    )
