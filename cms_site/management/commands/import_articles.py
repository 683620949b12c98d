"""`manage.py import_articles FILE.jsonl`: articles in bulk, one JSON object a line."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from tqdm import tqdm

from cms_site.articles.builder import create_article, update_article
from cms_site.articles.record import ArticleRecord, RecordError, from_json
from cms_site.models import ArticleIndexPage, ArticlePage


class Command(BaseCommand):
    help = (
        "Import articles from a file of JSON objects, one a line, with the keys title, summary, body (Markdown or "
        "HTML), date, authors, tags and slug. Articles whose slug exists are left alone, so that an import that was "
        "stopped can be run again. Bad lines are reported and skipped; the exit code is then 1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--parent", default="", help="Id or slug of the article index page to import below.")
        parser.add_argument("--limit", type=int, help="Read at most this many lines.")
        parser.add_argument("--update", action="store_true", help="Bring existing articles to what the file says.")

    def handle(self, *args: Any, file: Path, parent: str, limit: int | None, update: bool, **options: Any) -> None:
        importer = Importer(find_parent(parent), update=update)
        try:
            with file.open("rb") as lines:
                self.run(importer, lines, file.stat().st_size, limit)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}.") from error
        outcome = ", ".join(f"{importer.counts[what]} {what}" for what in ("created", "updated", "unchanged"))
        self.stdout.write(f"{outcome}, {importer.counts['bad']} bad.")
        if importer.counts["bad"]:
            raise CommandError(f"{importer.counts['bad']} lines were bad; the others were imported.")

    def run(self, importer: Importer, lines: BinaryIO, size: int, limit: int | None) -> None:
        with tqdm(total=size, unit="B", unit_scale=True, desc="Importing") as bar:
            for number, line in numbered(lines, limit):
                if line.strip() and (problem := importer.add(number, line)):
                    tqdm.write(f"line {number}: {problem}", file=self.stderr)
                bar.update(len(line))


def numbered(lines: BinaryIO, limit: int | None) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(lines, start=1):
        if limit is not None and number > limit:
            return
        yield number, line


class Importer:
    """Saves one line after another below `parent`, and counts what became of them."""

    def __init__(self, parent: ArticleIndexPage, *, update: bool) -> None:
        self.parent = parent
        self.update = update
        self.existing = set(ArticlePage.objects.child_of(parent).values_list("slug", flat=True))
        self.line_of: dict[str, int] = {}
        self.counts: Counter[str] = Counter()

    def add(self, number: int, line: bytes) -> str:
        """Import one line. Returns what is wrong with it, or ""."""
        try:
            record = from_json(line)
            if (first := self.line_of.setdefault(record.slug, number)) != number:
                raise RecordError("slug", f"{record.slug!r} was already used on line {first}")
            self.counts[self.save(record)] += 1
        except RecordError as problem:
            self.counts["bad"] += 1
            return str(problem)
        except ValidationError as problem:
            self.counts["bad"] += 1
            return "; ".join(f"{field}: {' '.join(texts)}" for field, texts in problem.message_dict.items())
        return ""

    def save(self, record: ArticleRecord) -> str:
        if record.slug not in self.existing:
            create_article(self.parent, record)
            return "created"
        if self.update:
            update_article(ArticlePage.objects.child_of(self.parent).get(slug=record.slug), record)
            return "updated"
        return "unchanged"


def find_parent(wanted: str) -> ArticleIndexPage:
    pages = ArticleIndexPage.objects.order_by("path")
    if wanted:
        pages = pages.filter(pk=wanted) if wanted.isdecimal() else pages.filter(slug=wanted)
    if page := pages.first():
        return page
    which = f"with the id or slug {wanted!r}" if wanted else "yet"
    raise CommandError(f"There is no article index page {which}. Make one in the admin, or run load_demo.")
