"""Silver text: openly licensed paragraphs that the entity head labels, for the small spaCy model to learn from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tagging.ner.minilm.head import EntityHead

from .corpora import verify
from .examples import Example, read, write
from .head import found_by
from .markdown import paragraphs
from .prepare import MAIN
from .states import States

POSTS = "digitalgov/posts.jsonl"
LEAST_CONFIDENCE = 0.5
HELD_OUT_EIGHTHS = 1  # of the posts, by a hash of their id: never labelled


def collect(data: Path, work: Path, most_words: int = 500_000) -> int:
    """Write up to so many words of the posts' paragraphs as the set "silver", unlabelled; returns the words."""
    posts = data / POSTS
    verify(posts, data)
    chosen: list[tuple[str, list[str]]] = []
    for line in posts.read_text(encoding="utf-8").splitlines():
        post = json.loads(line)
        digest = hashlib.md5(post["id"].encode(), usedforsecurity=False).hexdigest()
        if int(digest[-1], 16) % 8 >= HELD_OUT_EIGHTHS:
            chosen.append((digest, [post["title"], *paragraphs(post["text"])]))
    examples, words, seen = [], 0, set()
    for _, texts in sorted(chosen):
        for text in texts:
            if words < most_words and text not in seen:
                seen.add(text)
                words += len(text.split())
                examples.append(Example(text, (), "silver"))
    write(work / "en" / "silver.jsonl", examples)
    return words


def label(head: EntityHead, work: Path) -> int:
    """Write "silver_labelled": every text but the main corpus's, as the head reads it, where it is sure enough.

    The other gold corpora are labelled anew because each has its own idea of a name: the head, which
    has learned which idea is whose, tells the CNN only one. Returns how many texts there are.
    """
    folder = work / "en"
    kept: list[Example] = []
    for name in ("silver", "train"):
        examples = list(read(folder / f"{name}.jsonl"))
        for example, names in zip(examples, found_by(head, States.load(folder / name), len(examples)), strict=True):
            if example.corpus != MAIN and all(confidence >= LEAST_CONFIDENCE for _, confidence in names):
                kept.append(Example(example.text, tuple(span for span, _ in names), example.corpus))
    write(folder / "silver_labelled.jsonl", kept)
    return len(kept)
