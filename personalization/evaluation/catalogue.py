"""What is known of the pages of a log besides who read them: texts, dates, authors, sections, topics, languages."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Any

from .logs import BadLogError

NAMES = ("page", "id", "slug")
"""The field that holds a page's name in the log: the first of these that a catalogue has."""


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """One page. `day` is the ordinal of its date; None, "" and () where nothing is known."""

    name: str
    title: str = ""
    summary: str = ""
    text: str = ""
    day: int | None = None
    authors: tuple[str, ...] = ()
    section: str = ""
    topics: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Pages by the numbers that they have in the log; None for one that the catalogue does not hold."""

    pages: tuple[CataloguePage | None, ...]

    @property
    def is_written(self) -> bool:
        """Whether there are texts, and not only facts."""
        return any(page and (page.text or page.summary or page.title) for page in self.pages)

    @property
    def digest(self) -> str:
        """The same for the same pages."""
        return blake2b(repr(self.pages).encode(), digest_size=16).hexdigest()

    def values(self, field: str) -> list[tuple[str, ...]]:
        """For each page what it has of a field ("author", "section", "topic", "language"); () where unknown."""
        readers: Mapping[str, Callable[[CataloguePage], tuple[str, ...]]] = {
            "author": lambda page: page.authors,
            "section": lambda page: (page.section,) if page.section else (),
            "topic": lambda page: page.topics,
            "language": lambda page: (page.language,) if page.language else (),
        }
        return [readers[field](page) if page else () for page in self.pages]


def read_catalogue(lines: Iterable[str], page_names: Sequence[str], *, is_csv: bool) -> Catalogue:
    """Read JSON Lines or CSV with a header: `page`, `title`, `summary`, `text`, `date`, `authors`, `section`, `topics`
    (or `tags`), `language`; all but the page's name may be missing. Lists stand in one CSV cell, `;` between them.

    Pages that the log does not name are left out. Raises BadLogError, with the line and the fix.
    """
    rows = csv.DictReader(lines) if is_csv else _json_rows(lines)
    found: dict[str, CataloguePage] = {}
    for number, row in enumerate(rows, 2 if is_csv else 1):
        page = _page(row, number)
        found[page.name] = page
    pages = tuple(found.get(name) for name in page_names)
    if not any(pages):
        some = ", ".join(repr(name) for name in [*found][:3])
        raise BadLogError(
            f"The catalogue has none of the log's pages. It names {some or 'none'}; the log names"
            f" {', '.join(repr(name) for name in page_names[:3])}. Give each page the log's own name as `page`."
        )
    return Catalogue(pages)


def _json_rows(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadLogError(f"Line {number} is no JSON ({error}). Write one object a line.") from error
        if not isinstance(row, dict):
            raise BadLogError(f"Line {number} is no JSON object. Write one object a line.")
        yield row


def _page(row: Mapping[str, Any], number: int) -> CataloguePage:
    name = next((str(row[key]) for key in NAMES if row.get(key) not in (None, "")), None)
    if name is None:
        raise BadLogError(f"Line {number} names no page. Give it a field `page` with the log's name of it.")
    title, summary, text = (str(row.get(key) or "") for key in ("title", "summary", "text"))
    return CataloguePage(
        name,
        title,
        summary,
        text,
        _day(row.get("date"), number),
        _several(row.get("authors") or row.get("author")),
        str(row.get("section") or ""),
        _several(row.get("topics") or row.get("tags")),
        str(row.get("language") or ""),
    )


def _several(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list | tuple) else str(value or "").split(";")
    return tuple(text for item in items if (text := str(item).strip()))


def _day(value: Any, number: int) -> int | None:
    if not value:
        return None
    try:
        return date.fromisoformat(str(value).strip()[:10]).toordinal()
    except ValueError:
        raise BadLogError(f"Line {number}: {value!r} is no date. Write it as 2026-11-29, or leave it out.") from None
