"""The gold corpora: reading and checking their files, mapping their types to PER, ORG and LOC."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tagging.types import EntityLabel

from .detokenize import detokenize
from .examples import Example, NameSpan

Sentence = list[tuple[str, str]]
"""Tokens, each with its BIO tag."""

CHECKSUMS = Path(__file__).parent / "checksums.json"
# Reuters text: its licence forbids what we do with the weights.
_REFUSED = re.compile(r"conll[-_ ]?(?:20)?03|reuters|eng\.(?:train|test[ab])", re.IGNORECASE)

LABELS: dict[str, EntityLabel] = {
    "PER": "PER",
    "person": "PER",
    "politician": "PER",
    "scientist": "PER",
    "musicalartist": "PER",
    "writer": "PER",
    "researcher": "PER",
    "ORG": "ORG",
    "organisation": "ORG",
    "politicalparty": "ORG",
    "band": "ORG",
    "university": "ORG",
    "corporation": "ORG",
    "group": "ORG",
    "LOC": "LOC",
    "location": "LOC",
    "country": "LOC",
}
"""Every type that is learned; all others ("MISC", "album", "product") are no names to us."""


class WrongData(ValueError):
    """An input file is not the one that the recipe was measured on, or must not be trained on."""


def verify(path: Path, root: Path) -> None:
    """Raise WrongData unless the file has the recorded SHA-256 checksum and may be trained on."""
    name = path.relative_to(root).as_posix()
    if _REFUSED.search(name):
        raise WrongData(f"{name} looks like CoNLL-2003, whose licence forbids training a model that is given away.")
    expected = json.loads(CHECKSUMS.read_text()).get(name)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise WrongData(
            f"{name} has the SHA-256 checksum {found}, not {expected}. Fetch the version that the README names, "
            "or record the new checksum in checksums.json and measure again."
        )


def read_sentences(path: Path) -> Iterator[Sentence]:
    """The sentences of a file of `token<TAB or space>BIO` lines with blank lines in between."""
    sentence: Sentence = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split()
        if fields:
            sentence.append((fields[0], fields[-1]))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def without_handles(sentence: Sentence) -> Sentence:
    """The sentence with Twitter handles unlabelled: "@" and the word after it are no name."""
    cleaned: Sentence = []
    for token, tag in sentence:
        after_at = bool(cleaned) and cleaned[-1][0] == "@"
        is_handle = after_at or token.startswith("@")
        if not is_handle and tag.startswith("I-") and cleaned and cleaned[-1][1] == "O":
            tag = "B-" + tag[2:]
        cleaned.append((token, "O" if is_handle else tag))
    return cleaned


def to_example(sentence: Sentence, corpus: str, *, spaced: bool = False) -> Example:
    """Running text with its names; `spaced` leaves a space between all tokens."""
    tokens = [token for token, _ in sentence]
    text, offsets = (" ".join(tokens), _spaced_offsets(tokens)) if spaced else detokenize(tokens)
    return Example(text, tuple(_spans(sentence, offsets)), corpus)


def to_examples(sentences: Iterable[Sentence], corpus: str) -> list[Example]:
    return [to_example(sentence, corpus) for sentence in sentences]


def _spaced_offsets(tokens: list[str]) -> list[int]:
    offsets, position = [], 0
    for token in tokens:
        offsets.append(position)
        position += len(token) + 1
    return offsets


def _spans(sentence: Sentence, offsets: list[int]) -> Iterator[NameSpan]:
    """The names of a BIO sequence. An I- that continues nothing begins a name."""
    open_span: NameSpan | None = None
    for (token, tag), offset in zip(sentence, offsets, strict=True):
        label = LABELS.get(tag[2:])
        continues = open_span is not None and tag.startswith("I-") and label == open_span[2]
        if open_span and not continues:
            yield open_span
            open_span = None
        if label:
            start = open_span[0] if open_span else offset
            open_span = (start, offset + len(token), label)
    if open_span:
        yield open_span
