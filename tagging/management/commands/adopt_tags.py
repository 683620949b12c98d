"""Begin with the tags that a site has: topics from a tag field, learned from what is tagged already."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from tagging import operations
from tagging.models import Topic
from tagging.operations import AdoptionPlan, AdoptionReport, PageTagField, TagGroup


class Command(BaseCommand):
    help = (
        "Make topics of the tags that live pages have, and learn from those pages. Tags that differ by case, accent,"
        " punctuation or plural only become one topic, named as most pages have it, with the others as synonyms."
        " Tags and pages are not changed. May be run again: what is there already is kept, also editors' rejections."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--field", metavar="app.Model.tags", action="append", help="the tag field; default: those of TAG_FIELD"
        )
        parser.add_argument("--min-pages", type=int, default=3, help="leave out tags on fewer live pages (default: 3)")
        parser.add_argument("--parent", metavar="SLUG", help="the topic to make them below; default: at the top")
        parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["min_pages"] < 1:
            raise CommandError("--min-pages must be at least 1.")
        parent = _parent(options["parent"])
        fields = _fields(options["field"])
        plan = operations.plan_adoption(fields, options["min_pages"])
        if options["dry_run"]:
            self._print_plan(plan)
        else:
            with tqdm(total=plan.page_count, unit="tag", disable=None) as bar:
                report = operations.adopt(plan, parent, bar.update)
            self._print_report(plan, report)
        self._print_left_out(plan, options["min_pages"])

    def _print_plan(self, plan: AdoptionPlan) -> None:
        for sign, groups in (("+", plan.new), ("=", plan.known)):
            for group in groups:
                self.stdout.write(f"{sign} {_line(group)}")
        self.stdout.write(
            f"Would create {len(plan.new)} topics (+) and learn from {plan.page_count} tags on pages,"
            f" also of {len(plan.known)} topics that are there already (=). Nothing was done."
        )

    def _print_report(self, plan: AdoptionPlan, report: AdoptionReport) -> None:
        self.stdout.write(
            f"{report.created} topics created, {len(plan.known)} were there already."
            f" Learned from {report.learned} tags on pages; {report.known} were known, and {report.rejected} that"
            " editors rejected as topics stay rejected."
        )
        if report.created:
            self.stdout.write("Workers compare every page with the topics now. Give each topic a description.")

    def _print_left_out(self, plan: AdoptionPlan, min_pages: int) -> None:
        if plan.rare:
            self.stdout.write(f"{len(plan.rare)} tags on fewer than {min_pages} live pages left out.")
        if plan.unusable:
            self.stdout.write(f"Too long, or without a word, to be a topic: {_names(plan.unusable)}.")


def _line(group: TagGroup) -> str:
    also = f", also {', '.join(group.names[1:])}" if len(group.names) > 1 else ""
    name = f"{group.name} → {group.topic.name}" if group.topic and group.topic.name != group.name else group.name
    return f"{name} ({len(group.pages)} pages{also})"


def _names(groups: Iterable[TagGroup]) -> str:
    return ", ".join(group.name[:60] for group in groups)


def _fields(labels: list[str] | None) -> list[PageTagField]:
    try:
        fields = [operations.page_tag_field(label) for label in labels] if labels else operations.page_tag_fields()
    except LookupError as error:
        raise CommandError(error.args[0]) from error
    if not fields:
        raise CommandError("No page type has the field that TAG_FIELD names. Give it with --field app.Model.tags.")
    return fields


def _parent(slug: str | None) -> Topic | None:
    if slug is None:
        return None
    parent: Topic | None = Topic.objects.filter(slug=slug).first()
    if parent is None:
        raise CommandError(f"There is no topic with the slug {slug!r}.")
    return parent
