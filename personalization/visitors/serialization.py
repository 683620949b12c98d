"""Events as compact JSON, and that JSON as rows again, in the database itself.

A batch is a list of lists: the values of each event in the order of EventRecord's fields, without defaults at the end.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from personalization.types import EventRecord

COLUMNS: Final[Mapping[str, str]] = {
    "event_id": "uuid",
    "kind": "text",
    "page_id": "bigint",
    "at": "timestamptz",
    "value": "float8",
    "slate_id": "uuid",
    "placement": "text",
    "position": "smallint",
    "device": "text",
    "country": "text",
    "referrer": "text",
    "utm_source": "text",
    "utm_medium": "text",
    "utm_campaign": "text",
}
"""The fields of an event, in EventRecord's order, which are columns of the table, and their types there."""

values_of = attrgetter(*COLUMNS)

_DEFAULTS: Final = [field.default for field in fields(EventRecord)]


def dump(events: Sequence[EventRecord]) -> str:
    """A batch as text. Fields that are added to EventRecord later must have defaults and come last."""
    return json.dumps([_row(event) for event in events], separators=(",", ":"), default=_text)


def columns_from(event: str) -> str:
    """SQL for all columns of an event, of which `event` is the list of values as jsonb."""
    return ", ".join(
        f"{_or_default(f'({event} ->> {number})::{kind}', default)} AS {name}"
        for number, ((name, kind), default) in enumerate(zip(COLUMNS.items(), _DEFAULTS, strict=True))
    )


def moment_from(event: str) -> str:
    """SQL for when the event happened."""
    return f"({event} ->> {list(COLUMNS).index('at')})::timestamptz"


def _row(event: EventRecord) -> list[Any]:
    row = list(values_of(event))
    while _DEFAULTS[len(row) - 1] is not MISSING and row[-1] == _DEFAULTS[len(row) - 1]:
        row.pop()
    return row


def _text(value: Any) -> str:
    """What JSON has no form for: ids and moments."""
    return value.isoformat() if isinstance(value, datetime) else str(value.hex)


def _or_default(value: str, default: Any) -> str:
    return f"coalesce({value}, '')" if default == "" else value
