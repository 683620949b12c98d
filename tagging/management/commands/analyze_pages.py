"""Analyse the backlog of a site, here and now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm
from wagtail.models import get_page_models

from tagging import operations
from tagging.conf import settings
from tagging.exceptions import ModelUnavailable
from tagging.types import AnalysisFailure

QUEUE_BATCH = 1000


class Command(BaseCommand):
    help = (
        "Analyse pages in this process: those that wait (--stale, the default), all live pages (--all), or those of"
        " one type (--type). May be stopped with Ctrl-C and run again: what is done is not done twice. Workers may"
        " run at the same time."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--stale", action="store_true", help="pages that wait for analysis (default)")
        which.add_argument("--all", action="store_true", help="all live pages, also those never seen before")
        which.add_argument("--type", metavar="app.Model", help="all live pages of one type")
        parser.add_argument("--batch-size", type=int, help="pages at a time (default: BATCH_SIZE)")
        parser.add_argument("--limit", type=int, help="stop after this many pages")

    def handle(self, *args: Any, **options: Any) -> None:
        size = options["batch_size"] or settings.BATCH_SIZE
        if size < 1 or (options["limit"] is not None and options["limit"] < 1):
            raise CommandError("--batch-size and --limit must be at least 1.")
        if problem := operations.settings_differ():
            self.stderr.write(problem)
        page_ids = self._queue(options)
        try:
            failures = self._drain(page_ids, size, options["limit"])
        except KeyboardInterrupt:
            self.stderr.write("Stopped. Run the command again to go on.")
            raise SystemExit(130) from None
        except ModelUnavailable as error:
            raise CommandError(str(error)) from error
        self._report(failures)

    def _queue(self, options: dict[str, Any]) -> list[int] | None:
        """Queue what was asked for; the ids to keep to, or None for everything that waits."""
        if not (options["all"] or options["type"]):
            return None
        pages = operations.analyzable_pages()
        if options["type"]:
            pages = pages.filter(content_type__in=_content_types(options["type"]))
        page_ids = list(pages.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(page_ids), QUEUE_BATCH):
            operations.mark_stale(page_ids[start : start + QUEUE_BATCH])
        return page_ids if options["type"] else None

    def _drain(self, page_ids: list[int] | None, size: int, limit: int | None) -> list[AnalysisFailure]:
        failures: list[AnalysisFailure] = []
        left = operations.waiting(page_ids).count() if limit is None else limit
        with tqdm(total=left, unit="page", disable=None) as bar:
            while limit is None or left > 0:
                report = operations.analyze_batch(size if limit is None else min(size, left), page_ids)
                if not report.claimed:
                    break
                left -= report.claimed
                bar.update(report.claimed)
                failures += report.failures
        return failures

    def _report(self, failures: list[AnalysisFailure]) -> None:
        for failure in failures:
            self.stderr.write(f"Page {failure.page_id}: {failure.reason}")
        if failures:
            raise CommandError(f"{len(failures)} pages could not be analysed; the reasons are above.")
        self.stdout.write("Every page that waited is analysed.")


def _content_types(label: str) -> list[ContentType]:
    """The content types of a page type and of the types that inherit from it."""
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        model = None
    types = [page_type for page_type in get_page_models() if model and issubclass(page_type, model)]
    if not types:
        raise CommandError(f"{label!r} is no page type. Write it as app.Model.")
    return list(ContentType.objects.get_for_models(*types).values())
