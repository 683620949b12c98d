"""How a page is cut into the windows that a model reads at once, for its vector and for the names in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from tagging.types import PageText

# MiniLM reads 254 word pieces: of 12,652 windows of a government blog 99.7 % are no longer (docs/quality.md).
WINDOW_WORDS = 150
WINDOW_BYTES = 1100  # of UTF-8: cuts scripts that put no spaces between words, too
REACH = 6  # a cut is moved by up to a sixth of a window, to where a sentence ends
MAX_WINDOWS = 10  # of a body, for the page's vector
MAX_CHARACTERS = 400_000  # of a body, for names, about: some 65,000 words; nobody's names are first said after that

TITLE_WEIGHT, SUMMARY_WEIGHT = 0.35, 0.15

_WORD = re.compile(r"\S{1,100}")
_LETTER_OR_DIGIT = re.compile(r"\w")
_SENTENCE_END = re.compile(r"\w{3}[.!?…][\"'”’»)\]]*\Z")  # three letters: not "Dr." or "U.S."

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """Title, summary or body: paragraphs from number `first` of `PageText.paragraphs()` on, a line each.

    `starts` are their offsets in `text`.
    """

    text: str
    first: int
    starts: tuple[int, ...]

    @classmethod
    def of(cls, paragraphs: Sequence[str], first: int) -> Part:
        ends = accumulate(len(paragraph) + 1 for paragraph in paragraphs)
        return cls("\n".join(paragraphs), first, (0, *ends)[: len(paragraphs)])

    def place(self, offset: int) -> tuple[int, int]:
        """The paragraph's number, and the offset in it, of an offset in `text`."""
        number = bisect_right(self.starts, offset) - 1
        return self.first + number, offset - self.starts[number]


@dataclass(frozen=True, slots=True)
class Window:
    """Characters `start` to `end` of a part of the page with this number in its batch.

    `weight` is the window's share in the page's vector; 0 where it is read for names alone.
    """

    page: int
    part: Part
    start: int
    end: int
    weight: float

    @property
    def text(self) -> str:
        return self.part.text[self.start : self.end]


def page_windows(pages: Sequence[PageText], *, for_names: bool) -> list[Window]:
    """The windows of all pages, in reading order: those of their vectors and, `for_names`, those between.

    Of title and summary the first window makes the vector; a long body is sampled evenly. A page without
    a letter or digit has no window. The weights (title .35, the rest .65) are those that found related
    pages best on four blogs.
    """
    return [
        window
        for number, text in enumerate(pages)
        for window in _windows(number, text)
        if window.weight or (for_names and window.start < MAX_CHARACTERS)
    ]


def _windows(number: int, text: PageText) -> Iterator[Window]:
    title, summary, body = _parts(text)
    if title:
        yield from _weighted(number, title, TITLE_WEIGHT, 1)
    rest = 1 - TITLE_WEIGHT
    if summary:
        weight = SUMMARY_WEIGHT if body else rest
        yield from _weighted(number, summary, weight, 1)
        rest -= weight
    if body:
        yield from _weighted(number, body, rest, MAX_WINDOWS)


def _parts(text: PageText) -> tuple[Part | None, Part | None, Part | None]:
    """Title, summary and body, as far as there is a letter or digit in them."""
    first, parts = 0, []
    for paragraphs in ((text.title,), (text.summary,), text.body):
        said = [paragraph for paragraph in paragraphs if paragraph]
        part = Part.of(said, first)
        parts.append(part if _LETTER_OR_DIGIT.search(part.text) else None)
        first += len(said)
    return parts[0], parts[1], parts[2]


def _weighted(number: int, part: Part, weight: float, limit: int) -> Iterator[Window]:
    spans = cut(part.text)
    chosen = sampled(len(spans), limit)
    for index, (start, end) in enumerate(spans):
        yield Window(number, part, start, end, weight / len(chosen) if index in chosen else 0.0)


def sampled(count: int, limit: int) -> frozenset[int]:
    """Up to `limit` of `count` windows, spread evenly from the first to the last (of one, the first)."""
    return frozenset(range(count) if count <= limit else np.linspace(0, count - 1, limit).astype(int).tolist())


def cut(text: str) -> list[Span]:
    """The (start, end) of windows of about equal length that hold every word, in reading order.

    They are cut where a line or a sentence ends, if one does nearby, and else where no name seems to run on.
    """
    words = [match.span() for match in _WORD.finditer(text)]
    if not words:
        return []
    size = len(text.encode(errors="replace"))
    count = max(-(-len(words) // WINDOW_WORDS), min(-(-size // WINDOW_BYTES), len(words)))
    reach = len(words) // count // REACH
    inner = [_best_cut(text, words, number * len(words) // count, reach) for number in range(1, count)]
    return [(words[first][0], words[last - 1][1]) for first, last in pairwise([0, *inner, len(words)])]


def _best_cut(text: str, words: Sequence[Span], wanted: int, reach: int) -> int:
    """The number of the word before which to cut: the best place within reach of the one wanted, then the nearest."""
    near = range(wanted - reach, wanted + reach + 1)
    return max(near, key=lambda number: (_quality(text, words[number - 1], words[number]), -abs(number - wanted)))


def _quality(text: str, before: Span, after: Span) -> int:
    """How good it is to cut between two words."""
    if "\n" in text[before[1] : after[0]]:
        return 3
    if _SENTENCE_END.search(text, *before):
        return 2
    return int(not (text[before[0]].isupper() and text[after[0]].isupper()))
