"""From spaCy documents to what the head reads: windows of tokens with their shapes and MiniLM states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tagging.reading.states import Encoder, TextStates

from .tokenizer import Tokens
from .tokens import Shape, shape_of, windows

if TYPE_CHECKING:
    from spacy.tokens import Doc


@dataclass(frozen=True, slots=True)
class TokenWindow:
    """A run of tokens, encoded: `shapes` (n,), `states` (n, 768). `first` is its first token in the document."""

    document: int
    first: int
    shapes: npt.NDArray[np.int64]
    states: npt.NDArray[np.float32]


def read_documents(documents: Sequence[Doc], encoder: Encoder) -> Iterator[TokenWindow]:
    """All windows of all documents, the longest first, each exactly once."""
    cuts = [
        (number, start, end)
        for number, document in enumerate(documents)
        for start, end in windows([token.text for token in document])
    ]
    texts = [documents[number][start:end].text for number, start, end in cuts]
    for index, states in encoder.encode(texts):
        number, start, end = cuts[index]
        tokens = [(token.idx, token.text) for token in documents[number][start:end]]
        yield window_of(tokens, states, number, start)


def window_of(tokens: Tokens, states: TextStates, document: int = 0, first: int = 0) -> TokenWindow:
    """The window of tokens, at least one, whose text, from the first to the last of them, was encoded as `states`."""
    places, texts = zip(*tokens, strict=True)
    starts = np.array(places, dtype=np.int32) - places[0]
    ends = starts + np.array([len(text) for text in texts], dtype=np.int32)
    shapes = np.array([shape_of(text) for text in texts], dtype=np.int64)
    # MiniLM reads 254 word pieces: of the tokens after them nothing is known, and nothing is made up.
    shapes[starts >= states.pieces[:, 1].max(initial=0)] = Shape.BREAK
    return TokenWindow(document, first, shapes, states.of_tokens(starts, ends))
