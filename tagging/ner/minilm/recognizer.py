"""Recognising names with the shipped entity head, from one MiniLM pass."""

from __future__ import annotations

import importlib.util
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from tagging.exceptions import ModelUnavailable
from tagging.ner.base import StatesRecognizer
from tagging.ner.entities import SUGGEST_FROM
from tagging.reading.minilm import MiniLmEncoder, packaged_location
from tagging.reading.states import Encoder, TextStates
from tagging.reading.windows import Window, page_windows
from tagging.types import Mention, PageText

from .head import BATCH_TOKENS, EntityHead, Name
from .reading import TokenWindow, window_of
from .tokenizer import Tokenizer, Tokens
from .tokens import STOPS
from .weights import HEAD, digest


class _Reading(NamedTuple):
    """One window: its text, its tokens, and what the head reads of them."""

    window: Window
    tokens: Tokens
    states: TokenWindow


class MiniLmRecognizer(StatesRecognizer):
    """The entity head over windows of English pages; a mention's score is its mean posterior.

    Mentions below `SUGGEST_FROM` are dropped: of those above, 87 of 100 are right, from `APPLY_FROM` on 93.
    """

    def __init__(self, encoder: Encoder | None = None) -> None:
        self._encoder = encoder or MiniLmEncoder()

    @cached_property
    def name(self) -> str:
        return f"affinity_ner@{digest(HEAD)}"

    def check(self) -> None:
        packaged_location()
        if importlib.util.find_spec("spacy") is None:
            raise ModelUnavailable("spaCy is not installed. Run: pip install 'wagtail-affinity[models]'")

    def recognize(self, texts: Sequence[PageText]) -> list[list[Mention]]:
        windows = page_windows(texts, for_names=True)
        encoded = self._encoder.encode([window.text for window in windows])
        return self.recognize_read(texts, ((windows[number], states) for number, states in encoded))

    def recognize_read(
        self, texts: Sequence[PageText], read: Iterable[tuple[Window, TextStates]]
    ) -> list[list[Mention]]:
        found: list[list[Mention]] = [[] for _ in texts]
        for window, mentions in self._read(read):
            found[window.page] += mentions
        for mentions in found:
            mentions.sort(key=lambda mention: (mention.paragraph, mention.start))
        return found

    def _read(self, read: Iterable[tuple[Window, TextStates]]) -> Iterator[tuple[Window, list[Mention]]]:
        """The mentions of each window. The head gets as many windows at once as it can use."""
        batch: list[_Reading] = []
        waiting = 0
        for window, states in read:
            tokens = self._tokenizer.tokens(window.text)
            batch.append(_Reading(window, tokens, window_of(tokens, states)))
            waiting += len(tokens)
            if waiting >= BATCH_TOKENS:
                yield from self._find(batch)
                batch, waiting = [], 0
        yield from self._find(batch)

    def _find(self, batch: Sequence[_Reading]) -> Iterator[tuple[Window, list[Mention]]]:
        found = self._head.find([reading.states for reading in batch])
        for reading, names in zip(batch, found, strict=True):
            yield reading.window, list(_mentions(reading, [name for name in names if name.confidence >= SUGGEST_FROM]))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        self.check()
        import spacy

        return Tokenizer(spacy.blank("en"))

    @cached_property
    def _head(self) -> EntityHead:
        return EntityHead.load(HEAD)


def _mentions(reading: _Reading, names: Sequence[Name]) -> Iterator[Mention]:
    if not names:
        return
    window, text = reading.window, reading.window.text
    starts = [start for start, _token in reading.tokens]
    ends = [start + len(token) for start, token in reading.tokens]
    stops = [n + 1 for n, (_start, token) in enumerate(reading.tokens) if token in STOPS or "\n" in token]
    bounds = [0, *stops, len(starts)]
    sentences: dict[tuple[int, int], str] = {}  # one string a sentence, however many names are in it
    for name in names:
        number = bisect_right(bounds, name.start)
        first, last = bounds[number - 1], max(bounds[number], name.end) - 1
        sentence = sentences.setdefault((first, last), text[starts[first] : ends[last]].strip())
        start, end = starts[name.start], ends[name.end - 1]
        paragraph, offset = window.part.place(window.start + start)
        yield Mention(text[start:end], name.label, paragraph, offset, offset + end - start, sentence, name.confidence)
