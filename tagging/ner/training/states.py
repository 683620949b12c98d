"""The MiniLM states of prepared texts, kept on disk: the encoder is frozen, so that one pass is enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import spacy
from tqdm import tqdm

from tagging.ner.minilm.labels import tags_of_spans
from tagging.ner.minilm.reading import read_documents
from tagging.ner.minilm.tokens import shape_of
from tagging.reading.minilm import MiniLmEncoder
from tagging.reading.states import STATE_SIZE

from .examples import Example, read, title_case

if TYPE_CHECKING:
    from spacy.tokens import Doc

CORPORA = ("uner", "wikigold", "wnut17", "btc", "crossner", "silver")
DOCUMENTS_AT_ONCE = 512


def heading_case(token: str) -> str:
    """A token as in a heading: capital first, acronyms kept."""
    return token[:1].upper() + token[1:]


RECASED: tuple[Callable[[str], str], ...] = (str, str.lower, title_case, str.upper, heading_case)
"""Ways a token is seen in training. MiniLM reads lower case: only the shape changes."""


@dataclass(frozen=True, slots=True)
class States:
    """Windows of encoded tokens, one after the other.

    `states` (tokens, 768) float16; `shapes` (5, tokens) as in RECASED; `tags` (tokens,); `characters`
    (tokens, 2) in the text; `bounds` (windows + 1,) token numbers; `examples` and `corpora` (windows,).
    """

    states: npt.NDArray[np.float16]
    shapes: npt.NDArray[np.int8]
    tags: npt.NDArray[np.int8]
    characters: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.int64]
    examples: npt.NDArray[np.int32]
    corpora: npt.NDArray[np.int8]

    @classmethod
    def load(cls, folder: Path) -> States:
        """What `encode` kept; the states stay on disk."""
        with np.load(folder / "tokens.npz") as file:
            tokens = dict(file)
        states = np.memmap(folder / "states.f16", dtype=np.float16, mode="r").reshape(-1, STATE_SIZE)
        return cls(states, **tokens)


def encode(work: Path, language: str, name: str) -> None:
    """Read `<work>/<language>/<name>.jsonl` and keep its states in the folder of that name."""
    examples = list(read(work / language / f"{name}.jsonl"))
    folder = work / language / name
    folder.mkdir(exist_ok=True)
    writer = _Writer()
    encoder = MiniLmEncoder()
    tokenizer = spacy.blank(language)
    with (folder / "states.f16").open("wb") as file, tqdm(total=len(examples), desc=name) as bar:
        for start in range(0, len(examples), DOCUMENTS_AT_ONCE):
            chunk = examples[start : start + DOCUMENTS_AT_ONCE]
            documents = [tokenizer(example.text) for example in chunk]
            for window in read_documents(documents, encoder):
                example = chunk[window.document]
                file.write(window.states.astype(np.float16).tobytes())
                end = window.first + len(window.shapes)
                writer.add(documents[window.document], window.first, end, example, start + window.document)
            bar.update(len(chunk))
    writer.save(folder / "tokens.npz")


class _Writer:
    def __init__(self) -> None:
        self.shapes: list[list[int]] = [[] for _ in RECASED]
        self.tags: list[int] = []
        self.characters: list[tuple[int, int]] = []
        self.bounds = [0]
        self.examples: list[int] = []
        self.corpora: list[int] = []

    def add(self, document: Doc, start: int, end: int, example: Example, number: int) -> None:
        tokens = document[start:end]
        for row, change in zip(self.shapes, RECASED, strict=True):
            row += [shape_of(change(token.text)) for token in tokens]
        self.tags += token_tags(document, example)[start:end]
        self.characters += [(token.idx, token.idx + len(token)) for token in tokens]
        self.bounds.append(self.bounds[-1] + len(tokens))
        self.examples.append(number)
        self.corpora.append(CORPORA.index(example.corpus))

    def save(self, path: Path) -> None:
        np.savez(
            path,
            shapes=np.array(self.shapes, dtype=np.int8),
            tags=np.array(self.tags, dtype=np.int8),
            characters=np.array(self.characters, dtype=np.int32).reshape(-1, 2),
            bounds=np.array(self.bounds, dtype=np.int64),
            examples=np.array(self.examples, dtype=np.int32),
            corpora=np.array(self.corpora, dtype=np.int8),
        )


def token_tags(document: Doc, example: Example) -> list[int]:
    """The tags of a document's tokens: a name covers every token it touches; of two names on one token the first."""
    spans, taken = [], 0
    for start, end, label in example.spans:
        span = document.char_span(start, end, alignment_mode="expand")
        if span is not None and span.start >= taken:
            spans.append((span.start, span.end, label))
            taken = span.end
    return tags_of_spans(len(document), spans)
