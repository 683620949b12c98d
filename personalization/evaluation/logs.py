"""Read a log of views from delimited text. What each column is called is the caller's to say."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from .log import VISIT_GAP_MINUTES, Attribute, Log, in_time_order, stitched

ROLES = ("page", "path", "visitor", "session", "time")
SECONDS_END = 1e11
"""From here on a number is in milliseconds (in seconds: the year 5138), from a thousand times that in microseconds."""


class BadLogError(ValueError):
    """A log cannot be read: the message names the line and the fix."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a log is written. `columns` maps roles (ROLES) to columns, `attributes` names to columns.

    A column is a name of the header or, where there is no header, its number from 1. `path` stands for a whole
    session in one row: its pages in order, `separator` between them; `back` is the word, if any, for a step back.
    Lines that begin with `comment` are left out.
    """

    columns: Mapping[str, str] = field(default_factory=lambda: {role: role for role in ROLES})
    attributes: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    has_header: bool = True
    comment: str = ""
    separator: str = ";"
    back: str = ""
    gap_minutes: float = VISIT_GAP_MINUTES


def read_log(lines: Iterable[str], layout: Layout) -> Log:
    """Read the views and put them in time order.

    A time is a number of seconds, milli- or microseconds since 1970, or ISO 8601 (UTC where it names no zone).
    Without a session column a session is a visitor's views without a pause of `gap_minutes`; without times, all of
    a visitor's views; a path is a session. Raises BadLogError.
    """
    parser = _Parser(layout)
    for number, row in _rows(lines, layout):
        parser.add(number, row)
    return parser.log()


def _rows(lines: Iterable[str], layout: Layout) -> Iterator[tuple[int, list[str]]]:
    number = 0

    def kept() -> Iterator[str]:
        nonlocal number
        for line in lines:
            number += 1
            if line.strip() and not (layout.comment and line.startswith(layout.comment)):
                yield line

    is_tabbed = layout.delimiter == "\t"
    reader = csv.reader(kept(), delimiter=layout.delimiter, quoting=csv.QUOTE_NONE if is_tabbed else csv.QUOTE_MINIMAL)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadLogError(f"Line {number}: {error}. Mend the line, or name the right delimiter.") from error
        yield number, row


class _Names:
    """Numbers for names, in the order in which they come."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.codes = array("i")

    def add(self, name: str) -> None:
        self.codes.append(self.numbers.setdefault(name, len(self.numbers)))

    @property
    def column(self) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
        return np.array(self.codes, dtype=np.int32)


class _Parser:
    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.places: dict[str, int] | None = None
        self.pages, self.visitors, self.sessions = _Names(), _Names(), _Names()
        self.attributes = {name: _Names() for name in layout.attributes}
        self.times = array("d")

    def add(self, number: int, row: list[str]) -> None:
        if self.places is None:
            self.places = self._found(row)
            if self.layout.has_header:
                return
        if len(row) <= max(self.places.values()):
            raise BadLogError(
                f"Line {number} has {len(row)} column(s), {max(self.places.values()) + 1} are needed."
                f" Complete or remove the line; columns are parted by {self.layout.delimiter!r}."
            )
        cells = {role: row[place] for role, place in self.places.items()}
        at = _seconds(cells["time"], number) if "time" in cells else 0.0
        for page in self._read(cells, number):
            self._add_view(page, at, cells, number)

    def _found(self, row: list[str]) -> dict[str, int]:
        """The place of every role and attribute; roles that were left to their defaults may be missing."""
        names = [name.strip().lstrip("\ufeff") for name in row] if self.layout.has_header else []
        wanted = dict(self.layout.columns)
        places = {}
        for role, column in (*wanted.items(), *self.layout.attributes.items()):
            if column in names:
                places[role] = names.index(column)
            elif not names and column.isdecimal() and int(column) > 0:
                places[role] = int(column) - 1
            elif column != role or role not in ROLES:
                raise BadLogError(f"There is no column {column!r} for the {role}. {_choice(row, names)}")
        if "page" not in places and "path" not in places:
            raise BadLogError(f"No column says which page was read. {_choice(row, names)}")
        if not {"visitor", "session", "path"} & places.keys():
            raise BadLogError(f"No column tells visitors or sessions apart. {_choice(row, names)}")
        return places

    def _read(self, cells: Mapping[str, str], number: int) -> Sequence[str]:
        if "path" in cells:
            pages = [page.strip() for page in cells["path"].split(self.layout.separator)]
            pages = _with_steps_back(pages, self.layout.back) if self.layout.back else pages
        else:
            pages = [cells["page"].strip()]
        if not all(pages):
            raise BadLogError(f"Line {number} has no page where one is due. Complete or remove the line.")
        return pages

    def _add_view(self, page: str, at: float, cells: Mapping[str, str], number: int) -> None:
        self.pages.add(page)
        self.times.append(at)
        whose = f"line {number}" if "path" in cells else ""
        self.visitors.add(cells.get("visitor") or cells.get("session") or whose)
        if "session" in cells or whose:
            self.sessions.add(f"{cells.get('visitor', '')}\t{cells.get('session') or whose}")
        for name, column in self.attributes.items():
            column.add(cells[name])

    def log(self) -> Log:
        if not self.pages.codes:
            raise BadLogError("There is no view in it. One line is one view: visitor or session, page, time.")
        visitors, times = self.visitors.column, np.array(self.times)
        log = Log(
            visitors,
            self.sessions.column if self.sessions.codes else stitched(visitors, times, self.layout.gap_minutes),
            self.pages.column,
            times,
            tuple(self.pages.numbers),
            {name: Attribute(names.column, tuple(names.numbers)) for name, names in self.attributes.items()},
        )
        return in_time_order(log) if log.times.any() else log


def _seconds(text: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            raise BadLogError(
                f"Line {number}: {text!r} is no time. Give seconds or milliseconds since 1970, or ISO 8601 such as"
                " 2026-11-29T09:30:00Z; leave the time out where none is known."
            ) from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= value < SECONDS_END * 1e7:
        raise BadLogError(f"Line {number}: {text!r} is no moment since 1970. Mend or remove the line.")
    while value >= SECONDS_END:
        value /= 1000
    return value


def _with_steps_back(pages: Sequence[str], back: str) -> list[str]:
    """The pages in the order in which they were seen, with a page seen again in place of each step back."""
    seen: list[str] = []
    trail: list[str] = []
    for page in pages:
        if page != back:
            trail.append(page)
        elif len(trail) > 1:
            trail.pop()
        seen += trail[-1:]
    return seen


def _choice(row: list[str], names: list[str]) -> str:
    there = ", ".join(names) if names else f"numbers from 1 to {len(row)}, as the log has no header"
    return f"Columns: {there}. Name the right ones, such as page=COLUMN session=COLUMN time=COLUMN."
