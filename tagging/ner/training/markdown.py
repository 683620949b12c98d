"""Markdown as running text."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

MIN_CHARACTERS, MAX_CHARACTERS = 40, 900

_NOT_TEXT = re.compile(r"```.*?```|\{\{.*?\}\}|<[^>]*>|!\[[^\]]*\]\([^)]*\)|^\s*\|.*$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)(?:\{[^}]*\})?")
_MARKUP = re.compile(r"^\s*(?:#+|[-*+>]|\d+\.)\s+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}(?!\w)", re.MULTILINE)
_SPACES = re.compile(r"\s+")


def paragraphs(markdown: str) -> Iterator[str]:
    """The paragraphs and headings of a Markdown text, without markup, of a size worth labelling."""
    text = _MARKUP.sub("", _LINK.sub(r"\1", _NOT_TEXT.sub("\n", html.unescape(markdown))))
    for block in re.split(r"\n\s*\n", text):
        paragraph = _SPACES.sub(" ", block).strip()
        if MIN_CHARACTERS <= len(paragraph) <= MAX_CHARACTERS:
            yield paragraph
