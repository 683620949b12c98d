"""Tables that editors upload: read line by line, each with what it would do or what is wrong with it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from tagging.exceptions import CsvRefused
from tagging.models.entity import wikidata_validator

T = TypeVar("T")

MAX_BYTES = 2_000_000
DELIMITERS = ",;\t"

NEW, CHANGED, SAME, REMOVED = "new", "changed", "same", "removed"


@dataclass(frozen=True)
class PlannedLine(Generic[T]):
    """One line: what it would do to which row, or the error that keeps it from being done."""

    number: int
    name: str
    action: str = SAME
    error: str = ""
    row: T | None = None


@dataclass(frozen=True)
class Plan(Generic[T]):
    """What a table would do, before anything is done."""

    lines: list[PlannedLine[T]] = field(default_factory=list)

    @property
    def errors(self) -> list[PlannedLine[T]]:
        return [line for line in self.lines if line.error]

    def with_action(self, *actions: str) -> list[PlannedLine[T]]:
        return [line for line in self.lines if not line.error and line.action in actions]


def decode(data: bytes) -> str:
    """The text of a file. Raises CsvRefused where it is too big or not UTF-8."""
    if len(data) > MAX_BYTES:
        raise CsvRefused(_("The file is larger than %d MB. Split it.") % (MAX_BYTES // 1_000_000))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CsvRefused(_("The file is not in UTF-8. Save it as “CSV UTF-8”.")) from error


def read_lines(content: str, required: Sequence[str], optional: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, value by column) of every line that holds anything; every column is there, "" where it is empty.

    The first line names the columns. Raises CsvRefused where that or the whole cannot be understood.
    """
    first = next(iter(content.splitlines()), "")
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    try:
        header = [name.strip().casefold().replace(" ", "_") for name in next(reader, [])]
        _check_header(header, required, optional)
        for values in reader:
            if any(value.strip() for value in values):
                row = dict(zip(header, (" ".join(value.split()) for value in values), strict=False))
                yield reader.line_num, {name: row.get(name, "") for name in (*required, *optional)}
    except csv.Error as error:
        raise CsvRefused(_("The file is no table: %s") % error) from error


def _check_header(header: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    columns = ", ".join((*required, *optional))
    missing = [name for name in required if name not in header]
    if missing:
        message = _("The column “%(missing)s” is missing. The first line names the columns: %(columns)s.")
        raise CsvRefused(message % {"missing": missing[0], "columns": columns})
    unknown = [name for name in header if name and name not in (*required, *optional)]
    if unknown:
        message = _("There is no column “%(unknown)s”. Columns are: %(columns)s.")
        raise CsvRefused(message % {"unknown": unknown[0], "columns": columns})


def parse_wikidata_id(text: str) -> str:
    """`Q42` of "q42" or of an item's address; "" of "". Raises ValidationError."""
    wanted = text.strip().rstrip("/").rsplit("/", 1)[-1].upper()
    if wanted:
        wikidata_validator(wanted)
    if len(wanted) > 20:
        raise ValidationError(wikidata_validator.message)
    return wanted
