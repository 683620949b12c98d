"""One article as plain data, read from one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import slugify

MAX_TITLE = MAX_SLUG = MAX_AUTHOR = 255
MAX_TAG = 100


class RecordError(ValueError):
    """The record cannot become an article. The message names the field and what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


@dataclass(frozen=True, slots=True)
class ArticleRecord:
    """What an article is made from. `body` is Markdown or HTML; `published` is timezone-aware."""

    slug: str
    title: str
    summary: str
    body: str
    published: datetime
    author: str
    tags: tuple[str, ...]


def from_json(line: str | bytes) -> ArticleRecord:
    """Read one line of a JSONL file. Raises RecordError."""
    return from_mapping(mapping_from(line))


def mapping_from(line: str | bytes) -> dict[str, Any]:
    """The JSON object on one line. Raises RecordError."""
    try:
        values = json.loads(line)
    except UnicodeDecodeError:
        raise RecordError("", "the line is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise RecordError("", f"the line is not JSON ({error})") from None
    if not isinstance(values, dict):
        raise RecordError("", "the line is not a JSON object")
    return values


def from_mapping(values: dict[str, Any]) -> ArticleRecord:
    """Check the values of one record. `text` is read where `body` is missing. Raises RecordError."""
    title = required(text_of(values, "title"), "title", MAX_TITLE)
    return ArticleRecord(
        slug=slug_of(values, title),
        title=title,
        summary=text_of(values, "summary"),
        body=text_of(values, "body" if "body" in values else "text"),
        published=date_of(values),
        author=checked(", ".join(texts_of(values, "authors")), "authors", MAX_AUTHOR),
        tags=tuple(checked(tag, "tags", MAX_TAG) for tag in texts_of(values, "tags")),
    )


def text_of(values: dict[str, Any], field: str) -> str:
    value = values.get(field)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise RecordError(field, f"expected text, found {json.dumps(value)[:40]}")
    return storable(value, field).strip()


def texts_of(values: dict[str, Any], field: str) -> list[str]:
    """A list of texts, or one text; without empty ones and, whatever their case, without repetitions."""
    value = values.get(field) or []
    parts: Iterable[Any] = [value] if isinstance(value, str) else value
    if not isinstance(parts, list):
        raise RecordError(field, f"expected a list of texts, found {json.dumps(value)[:40]}")
    texts = [text_of({field: part}, field) for part in parts]
    return list({text.casefold(): text for text in reversed(texts) if text}.values())[::-1]


def slug_of(values: dict[str, Any], title: str) -> str:
    slug = slugify(text_of(values, "slug") or title, allow_unicode=True)[:MAX_SLUG]
    return required(slug, "slug", MAX_SLUG)


def date_of(values: dict[str, Any]) -> datetime:
    text = required(text_of(values, "date"), "date", MAX_SLUG)
    try:
        if day := parse_date(text):
            moment: datetime | None = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise RecordError("date", f"expected a date such as 2024-05-31 or 2024-05-31T09:30:00Z, found {text[:40]!r}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment > datetime.now(UTC):
        raise RecordError("date", f"{text[:40]} is in the future")
    return moment


def required(text: str, field: str, longest: int) -> str:
    if not text:
        raise RecordError(field, "is missing")
    return checked(text, field, longest)


def checked(text: str, field: str, longest: int) -> str:
    if len(text) > longest:
        raise RecordError(field, f"is {len(text)} characters long, at most {longest} fit")
    return text


def storable(text: str, field: str) -> str:
    """Refuse what Postgres cannot hold in a text."""
    if "\x00" in text:
        raise RecordError(field, "contains a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RecordError(field, "contains half of a surrogate pair") from None
    return text
