"""The demo's content as it lies in files beside this module."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from django.utils import timezone

from cms_site.articles.record import ArticleRecord, from_mapping, mapping_from

FOLDER = Path(__file__).parent

Status = Literal["live", "private", "scheduled", "expired", "draft"]


@dataclass(frozen=True, slots=True)
class DemoArticle:
    """One article and what load_demo does with it. `days_ago` is negative for one that goes live later."""

    record: ArticleRecord
    topic: str
    locale: str
    status: Status
    days_ago: int


@dataclass(frozen=True, slots=True)
class DemoContent:
    """`topics` are nested {slug, name, description, synonyms, children}; `sections` are topic pages' texts."""

    topics: list[dict[str, Any]]
    sections: list[dict[str, Any]]
    articles: list[DemoArticle]


def read() -> DemoContent:
    """All of the demo's content, in the order of its files."""
    return DemoContent(
        topics=json.loads((FOLDER / "topics.json").read_text()),
        sections=json.loads((FOLDER / "sections.json").read_text()),
        articles=[article(line) for line in lines(sorted((FOLDER / "articles").glob("*.jsonl")))],
    )


def lines(files: Iterable[Path]) -> Iterable[str]:
    for file in files:
        yield from (line for line in file.read_text().splitlines() if line.strip())


def article(line: str) -> DemoArticle:
    values = mapping_from(line)
    days_ago = int(values["days_ago"])
    # The hour differs from article to article, so that those of one day keep an order.
    age = timedelta(days=max(days_ago, 0), minutes=len(values["body"]) % 600)
    record = from_mapping({**values, "date": (timezone.now() - age).isoformat()})
    return DemoArticle(record, values["topic"], values["locale"], values["status"], days_ago)
