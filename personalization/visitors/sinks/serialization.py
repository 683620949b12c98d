"""Events as compact JSON: each a list of values in the order of EventRecord's fields, without defaults at the end."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

from personalization.types import EventRecord

_FIELDS = fields(EventRecord)
_values = attrgetter(*(field.name for field in _FIELDS))
_DEFAULTS = [field.default for field in _FIELDS]


def dump(events: Sequence[EventRecord]) -> str:
    """A batch as text. Fields that are added to EventRecord later must have defaults and come last."""
    return json.dumps([_row(event) for event in events], separators=(",", ":"), default=_text)


def load(text: str | bytes) -> list[EventRecord]:
    """The batch again. Raises ValueError where it is none."""
    try:
        return [_event(*row) for row in json.loads(text)]
    except (TypeError, AttributeError) as error:
        raise ValueError(f"no batch of events: {error}") from error


def _row(event: EventRecord) -> list[Any]:
    row = list(_values(event))
    while _DEFAULTS[len(row) - 1] is not MISSING and row[-1] == _DEFAULTS[len(row) - 1]:
        row.pop()
    return row


def _text(value: Any) -> str:
    """What JSON has no form for: ids and moments."""
    return value.isoformat() if isinstance(value, datetime) else str(value.hex)


def _event(event_id: str, kind: Any, page_id: int, at: str, *rest: Any) -> EventRecord:
    value, slate_id, *others = (*rest, None, None)[: max(2, len(rest))]
    slate = None if slate_id is None else uuid.UUID(slate_id)
    return EventRecord(uuid.UUID(event_id), kind, page_id, datetime.fromisoformat(at), value, slate, *others)
