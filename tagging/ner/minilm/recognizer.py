"""Recognising names with the shipped entity head, from one MiniLM pass."""

from __future__ import annotations

import importlib.util
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tagging.exceptions import ModelUnavailable
from tagging.ner.base import StatesRecognizer
from tagging.reading.minilm import MiniLmEncoder, packaged_location
from tagging.reading.states import Encoder, TextStates
from tagging.reading.windows import Window, page_windows
from tagging.types import Mention, PageText

from .head import BATCH_TOKENS, EntityHead, Name
from .reading import TokenWindow, window_of
from .tokens import STOPS
from .weights import HEAD, digest

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

SUGGEST = 0.6  # mean posterior from which a name is worth an editor's look: right in 87 of 100


class MiniLmRecognizer(StatesRecognizer):
    """The entity head over windows of English pages; a mention's score is its mean posterior.

    Names are dropped below `SUGGEST`.
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
        # Without a memory zone, spaCy keeps every word it ever saw, and the worker grows with each page.
        with self._nlp.memory_zone():
            batch: list[tuple[Window, Doc, TokenWindow]] = []
            tokens = 0
            for window, states in read:
                doc = self._nlp.make_doc(window.text)
                batch.append((window, doc, window_of(doc, 0, 0, len(doc), states)))
                tokens += len(doc)
                if tokens >= BATCH_TOKENS:
                    yield from self._find(batch)
                    batch, tokens = [], 0
            yield from self._find(batch)

    def _find(self, batch: Sequence[tuple[Window, Doc, TokenWindow]]) -> Iterator[tuple[Window, list[Mention]]]:
        names = self._head.find([tokens for _window, _doc, tokens in batch])
        for (window, doc, _tokens), found in zip(batch, names, strict=True):
            yield window, list(_mentions(window, doc, [name for name in found if name.confidence >= SUGGEST]))

    @cached_property
    def _nlp(self) -> Language:
        self.check()
        import spacy

        return spacy.blank("en")

    @cached_property
    def _head(self) -> EntityHead:
        return EntityHead.load(HEAD)


def _mentions(window: Window, doc: Doc, names: Sequence[Name]) -> Iterator[Mention]:
    if not names:
        return
    ends = [token.i + 1 for token in doc if token.text in STOPS or "\n" in token.text]
    bounds = [0, *ends, len(doc)]
    sentences: dict[tuple[int, int], str] = {}  # one string a sentence, however many names are in it
    for name in names:
        number = bisect_right(bounds, name.start)
        bound = bounds[number - 1], max(bounds[number], name.end)
        sentence = sentences.setdefault(bound, doc[bound[0] : bound[1]].text.strip())
        span = doc[name.start : name.end]
        paragraph, start = window.part.place(window.start + span.start_char)
        yield Mention(span.text, name.label, paragraph, start, start + len(span.text), sentence, name.confidence)
