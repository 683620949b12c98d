"""Pages that editors have tagged already, as JSON Lines: what the figures are measured on."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from tagging.text.clean import paragraphs
from tagging.types import PageText

MIN_PAGES = 10  # a topic with fewer pages says nothing about a method
LEARN, TUNE = 0.70, 0.15  # of the pages, oldest first; the rest is the test

_SHORTCODE = re.compile(r"\{\{[<%].{0,2000}?[>%]\}\}", re.DOTALL)
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\](?:\([^()\s]{0,1000}(?:\s+\"[^\"]{0,500}\")?\s*\)|\[[^\[\]]{0,200}\])")
_LINE_MARK = re.compile(r"^[ \t]*(?:#{1,6}|>|[*+-]|\d{1,3}\.)[ \t]+", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_]|[*_](?!\w)|`")


@dataclass(frozen=True, slots=True)
class TopicText:
    """A topic as its editors wrote it."""

    name: str
    description: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Tagged pages, oldest first. `days[i]` is the day of page i (an ordinal); `labels[i, j]`: it has topic j."""

    pages: tuple[PageText, ...]
    topics: tuple[TopicText, ...]
    days: npt.NDArray[np.float64]
    labels: npt.NDArray[np.bool_]

    def split(self) -> tuple[slice, slice, slice]:
        """Pages to learn from, to tune on and to test on: by date, as a site lives."""
        learn = round(len(self.pages) * LEARN)
        tune = round(len(self.pages) * (LEARN + TUNE))
        return slice(0, learn), slice(learn, tune), slice(tune, len(self.pages))


def read_corpus(posts: Iterable[str], topics: Iterable[str], *, min_pages: int = MIN_PAGES) -> Corpus:
    """Read JSON Lines: posts (`date`, `title`, `summary`, `text` in Markdown, `tags`) and topics (`slug`,
    `title`, `deck`, `summary`, and maybe `synonyms`). `tags` are slugs of topics.

    Topics with fewer than `min_pages` pages are left out, then pages without a topic. Raises ValueError
    or KeyError where a line is not as described.
    """
    rows = sorted(map(json.loads, posts), key=lambda row: row["date"])
    uses = Counter(tag for row in rows for tag in set(row["tags"]))
    known = {row["slug"]: row for row in map(json.loads, topics)}
    numbers = {slug: n for n, slug in enumerate(slug for slug in sorted(known) if uses[slug] >= min_pages)}
    rows = [row for row in rows if not numbers.keys().isdisjoint(row["tags"])]
    labels = np.zeros((len(rows), len(numbers)), dtype=bool)
    for number, row in enumerate(rows):
        labels[number, [numbers[tag] for tag in row["tags"] if tag in numbers]] = True
    return Corpus(
        tuple(_page(number, row) for number, row in enumerate(rows)),
        tuple(_topic(known[slug]) for slug in numbers),
        np.array([date.fromisoformat(row["date"][:10]).toordinal() for row in rows], dtype=np.float64),
        labels,
    )


def _page(number: int, row: dict[str, Any]) -> PageText:
    title, summary = (" ".join(prose(row.get(key))) for key in ("title", "summary"))
    return PageText(number, title, summary, tuple(prose(row.get("text"))), row.get("language") or "en")


def _topic(row: dict[str, Any]) -> TopicText:
    description = " ".join(part for key in ("deck", "summary") for part in prose(row.get(key)))
    synonyms: Sequence[str] = row.get("synonyms") or ()
    return TopicText(row["title"], description, tuple(synonyms))


def prose(markdown: str | None) -> list[str]:
    """The paragraphs of Markdown as plain text, links by their words."""
    text = _FENCE.sub("", _SHORTCODE.sub(" ", markdown or ""))
    text = _LINK.sub(r"\1", _LINK.sub(r"\1", text))  # twice: a picture may stand inside a link
    return paragraphs(_EMPHASIS.sub("", _LINE_MARK.sub("", text)))
