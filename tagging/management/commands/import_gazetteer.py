"""Import the site's own names from a table."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tagging.exceptions import CsvRefused
from tagging.operations.csv_lines import CHANGED, NEW, REMOVED, SAME, decode
from tagging.operations.gazetteer_csv import COLUMNS, SEPARATOR, apply_names, plan_names
from tagging.tasks import wake_sweep


class Command(BaseCommand):
    help = (
        f"Import known names from a CSV file with the columns {', '.join(COLUMNS)}; only the first two are needed."
        f" Aliases are separated by {SEPARATOR!r}. With an error in any line, nothing is imported."
        " Pages are analysed again in the background."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("--replace", action="store_true", help="remove known names that are not in the file")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            plan = plan_names(decode(path.read_bytes()), replace=options["replace"])
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from error
        except CsvRefused as error:
            raise CommandError(str(error)) from error
        for line in plan.errors:
            self.stderr.write(f"Line {line.number} ({line.name}): {line.error}")
        if plan.errors:
            raise CommandError(f"Nothing was imported: {len(plan.errors)} lines have errors, given above.")
        apply_names(plan, user=None)
        wake_sweep()
        counts = ", ".join(f"{len(plan.with_action(action))} {action}" for action in (NEW, CHANGED, SAME, REMOVED))
        self.stdout.write(f"Known names: {counts}.")
