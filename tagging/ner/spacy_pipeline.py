"""Recognising names with any installed spaCy pipeline."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tagging.exceptions import ModelUnavailable
from tagging.types import EntityLabel, Mention, PageText

from .base import Recognizer

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc, Span

INSTALL = "Run: pip install 'wagtail-affinity[models]'"

LABELS: dict[str, EntityLabel] = {
    "PER": "PER",
    "PERSON": "PER",
    "ORG": "ORG",
    "LOC": "LOC",
    "GPE": "LOC",
    "FAC": "LOC",
    "MISC": "MISC",
}
UNNEEDED = ("tagger", "morphologizer", "parser", "lemmatizer", "trainable_lemmatizer", "textcat", "attribute_ruler")

MAX_CHARACTERS = 400_000  # of one page, about: some 65,000 words; nobody's names are first said after that
BATCH_SIZE = 64  # pieces
PIECE_CHARACTERS = 20_000  # given to spaCy at once, whose memory grows with the length of a text


class _Piece(NamedTuple):
    page: int
    paragraph: int
    offset: int


class SpacyRecognizer(Recognizer):
    """The entities of a spaCy pipeline, by its package's name or its folder's path.

    A pipeline may say how sure it is of an entity in `span._.confidence`, in [0, 1]; otherwise that is UNSAID.
    """

    UNSAID = 1.0

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline

    @property
    def name(self) -> str:
        version = _version(self.pipeline)
        return f"{self.pipeline}@{version}" if version else self.pipeline

    def check(self) -> None:
        if importlib.util.find_spec("spacy") is None:
            raise ModelUnavailable(f"spaCy is not installed. {INSTALL}")
        if not Path(self.pipeline).exists() and _version(self.pipeline) is None:
            raise ModelUnavailable(
                f"The spaCy pipeline {self.pipeline!r} is not installed. Install its package "
                f"(python -m spacy download {self.pipeline}), give a folder's path, or change RECOGNIZER."
            )

    def recognize(self, texts: Sequence[PageText]) -> list[list[Mention]]:
        found: list[list[Mention]] = [[] for _ in texts]
        # Without a memory zone, spaCy keeps every word it ever saw, and the worker grows with each page.
        with self._nlp.memory_zone():
            for doc, piece in self._nlp.pipe(_pieces(texts), as_tuples=True, batch_size=BATCH_SIZE):
                found[piece.page].extend(_mentions(doc, piece, self.UNSAID))
        return found

    @cached_property
    def _nlp(self) -> Language:
        self.check()
        return self._load()

    def _load(self) -> Language:
        import spacy

        try:
            nlp = spacy.load(self.pipeline, exclude=UNNEEDED)
        except (OSError, ValueError, ImportError) as error:
            raise ModelUnavailable(f"The spaCy pipeline {self.pipeline!r} could not be loaded: {error}") from error
        if not any("token.is_sent_start" in nlp.get_pipe_meta(pipe).assigns for pipe in nlp.pipe_names):
            nlp.add_pipe("sentencizer")
        return nlp


def _version(pipeline: str) -> str | None:
    """The version of an installed pipeline; reads its metadata and imports nothing."""
    try:
        return importlib.metadata.version(pipeline)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        meta = Path(pipeline) / "meta.json"
        return str(json.loads(meta.read_text()).get("version", "")) if meta.is_file() else None


def _pieces(texts: Sequence[PageText]) -> Iterator[tuple[str, _Piece]]:
    for page, text in enumerate(texts):
        left = MAX_CHARACTERS
        for number, paragraph in enumerate(text.paragraphs()):
            start = 0
            while start < len(paragraph) and left > 0:
                piece = _cut(paragraph, start)
                yield piece, _Piece(page, number, start)
                start += len(piece)
                left -= len(piece)


def _cut(paragraph: str, start: int) -> str:
    """Up to `PIECE_CHARACTERS` from `start` on, cut after a sentence, or at least after a word."""
    piece = paragraph[start : start + PIECE_CHARACTERS]
    if start + PIECE_CHARACTERS >= len(paragraph):
        return piece
    after_sentence = max(piece.rfind(mark) for mark in (". ", "! ", "? ")) + 2
    cut = after_sentence if after_sentence > PIECE_CHARACTERS // 2 else piece.rfind(" ") + 1
    return piece[:cut] if cut > PIECE_CHARACTERS // 2 else piece


def _mentions(doc: Doc, piece: _Piece, unsaid: float) -> Iterator[Mention]:
    # One string a sentence, however many names are in it.
    sentences: dict[int, str] = {}
    for span in doc.ents:
        label = LABELS.get(span.label_)
        if label:
            sentence = sentences.get(span.sent.start) or span.sent.text.strip()
            sentences[span.sent.start] = sentence
            yield Mention(
                text=span.text,
                label=label,
                paragraph=piece.paragraph,
                start=piece.offset + span.start_char,
                end=piece.offset + span.end_char,
                sentence=sentence,
                score=_confidence(span, unsaid),
            )


def _confidence(span: Span, unsaid: float) -> float:
    value: Any = span._.confidence if span.has_extension("confidence") else None
    return unsaid if value is None else float(value)
