"""One vector for a whole page: title, summary and windows over the body, pooled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagging.types import PageText, Vector

from .base import Embedder

WINDOW_WORDS = 180
WINDOW_BYTES = 1400  # of UTF-8: cuts scripts that put no spaces between words, too
MAX_WINDOWS = 8

TITLE_WEIGHT, SUMMARY_WEIGHT, BODY_WEIGHT = 0.35, 0.15, 0.50

_WORD = re.compile(r"\S{1,100}")
_LETTER_OR_DIGIT = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class _Part:
    page: int
    text: str
    weight: float


def embed_pages(embedder: Embedder, texts: Sequence[PageText]) -> list[Vector | None]:
    """A unit-length vector for each page, or None for a page without a single word.

    All texts of all pages go through one call of the embedder, so that it can fill its batches.
    The weights (title .35, the rest .65) are those that found related pages best on four blogs.
    """
    parts = [part for number, text in enumerate(texts) for part in _parts(number, text)]
    vectors: list[Vector | None] = [None] * len(texts)
    if not parts:
        return vectors
    embedded = embedder.embed([part.text for part in parts])
    pooled = np.zeros((len(texts), embedded.shape[1]), dtype=np.float64)
    for part, vector in zip(parts, embedded, strict=True):
        pooled[part.page] += part.weight * vector
    for number in {part.page for part in parts}:
        vectors[number] = _unit(pooled[number])
    return vectors


def _parts(number: int, text: PageText) -> Iterator[_Part]:
    has_body_words = bool(_LETTER_OR_DIGIT.search("".join(text.body)))
    body = windows("\n".join(text.body)) if has_body_words else []
    if _LETTER_OR_DIGIT.search(text.title):
        yield _Part(number, text.title, TITLE_WEIGHT)
    rest = 1 - TITLE_WEIGHT
    if _LETTER_OR_DIGIT.search(text.summary):
        summary_weight = SUMMARY_WEIGHT if body else rest
        yield _Part(number, windows(text.summary)[0], summary_weight)
        rest -= summary_weight
    for window in body:
        yield _Part(number, window, rest / len(body))


def windows(text: str, limit: int = MAX_WINDOWS) -> list[str]:
    """Cut a text into at most `limit` windows of about equal length, in reading order.

    A text that needs more windows is sampled: the windows kept are spread evenly from its first to
    its last.
    """
    words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
    if not words:
        return []
    size = len(text.encode(errors="replace"))
    count = max(-(-len(words) // WINDOW_WORDS), min(-(-size // WINDOW_BYTES), len(words)))
    starts = [number * len(words) // count for number in range(count + 1)]
    kept = range(count) if count <= limit else np.linspace(0, count - 1, limit).astype(int).tolist()
    return [text[words[starts[i]][0] : words[starts[i + 1] - 1][1]] for i in kept]


def _unit(vector: npt.NDArray[np.float64]) -> Vector | None:
    length = float(np.linalg.norm(vector))
    if not length > 1e-9:
        return None
    return (vector / length).astype(np.float32)
