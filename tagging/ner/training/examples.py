"""The one format of training text: a piece of running text and the names in it, by character."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagging.types import EntityLabel

NameSpan = tuple[int, int, EntityLabel]
"""Start and end character, and the label."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text, its names in reading order (never overlapping), and the corpus it is from."""

    text: str
    spans: tuple[NameSpan, ...]
    corpus: str


def write(path: Path, examples: Iterable[Example]) -> None:
    """One JSON array a line: text, spans, corpus."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps([example.text, example.spans, example.corpus], ensure_ascii=False) + "\n")


def read(path: Path) -> Iterator[Example]:
    """What `write` wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            text, spans, corpus = json.loads(line)
            yield Example(text, tuple((start, end, label) for start, end, label in spans), corpus)


def generator(seed: int) -> random.Random:
    """The same numbers every time."""
    return random.Random(seed)  # noqa: S311  # nothing here is secret


def join(examples: Sequence[Example], separator: str = " ") -> Example:
    """Neighbours as one text."""
    text, spans = "", []
    for example in examples:
        text += separator if text else ""
        spans += [(start + len(text), end + len(text), label) for start, end, label in example.spans]
        text += example.text
    return Example(text, tuple(spans), examples[0].corpus)


def join_neighbours(
    examples: Sequence[Example], most: int, rng: random.Random, max_characters: int = 800
) -> Iterator[Example]:
    """Join 1 to `most` neighbouring sentences, so that a model sees running text; a tenth across line breaks."""
    start = 0
    while start < len(examples):
        group = [examples[start]]
        for example in examples[start + 1 : start + rng.randint(1, most)]:
            if sum(len(member.text) for member in group) + len(example.text) > max_characters:
                break
            group.append(example)
        yield join(group, "\n" if rng.random() < 0.1 else " ")
        start += len(group)


def title_case(text: str) -> str:
    """Every Word With A Capital, the rest in lower case."""
    return "".join(
        char.upper() if index == 0 or not (text[index - 1].isalpha() or text[index - 1] in "'’") else char.lower()
        for index, char in enumerate(text)
    )


CASES: dict[str, Callable[[str], str]] = {"lower": str.lower, "title": title_case, "upper": str.upper}


def recase(example: Example, case: str) -> Example | None:
    """A copy in another case, or None where that would move its characters ("ß" becomes "SS")."""
    text = CASES[case](example.text)
    return Example(text, example.spans, example.corpus) if len(text) == len(example.text) else None


def case_copies(examples: Sequence[Example], shares: dict[str, float], rng: random.Random) -> Iterator[Example]:
    """Recased copies of a share of the examples, by case: to be added, not to replace."""
    for case, share in shares.items():
        for example in rng.sample(examples, round(share * len(examples))):
            copy = recase(example, case)
            if copy is not None:
                yield copy
