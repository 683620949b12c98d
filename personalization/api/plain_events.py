"""Events as affinity.js sends them, read without the serializer's pains: those are for events that are not so plain.

Whatever this module takes, the serializer takes, too, and as the same; what it leaves is the serializer's to judge.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from personalization.conf import settings
from personalization.models import Event

LARGEST_PAGE_ID: Final = 2**31 - 1
LARGEST_POSITION: Final = 2**15 - 1
LONGEST_DWELL_SECONDS: Final = 24 * 3600
LONGEST_AGE_MS: Final = 366 * 24 * 3600 * 1000
PLACEMENT: Final = r"^[-a-zA-Z0-9_]{1,80}$"

VALUES: Final[Mapping[str, tuple[float, float]]] = {
    "scroll": (0, 1),
    "dwell": (0, LONGEST_DWELL_SECONDS),
    "feedback": (-1, 1),
}
"""The kinds of event that carry a value, and its range."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_PLACEMENT: Final = re.compile(r"[-a-zA-Z0-9_]{1,80}")
_KINDS: Final = frozenset(Event.Kind.values)
_REQUIRED: Final = frozenset({"event_id", "kind", "page"})


class _NotPlain(Exception):
    """The serializer must look at this value."""


def plain_event(data: Any) -> dict[str, Any] | None:
    """The validated event, None where anything about it is unusual, or wrong."""
    if type(data) is not dict or not data.keys() >= _REQUIRED or not data.keys() <= _READERS.keys():
        return None
    try:
        event = {name: _READERS[name](value) for name, value in data.items()}
    except _NotPlain:
        return None
    return event if is_value_right(event["kind"], event.get("value")) else None


def plain_batch(data: Any, now: datetime) -> list[dict[str, Any]] | None:
    """The validated events of a batch, each with its `at`; None where anything about one of them is unusual."""
    if type(data) is not dict or data.keys() != {"events"} or type(data["events"]) is not list:
        return None
    if not 0 < len(data["events"]) <= settings.EVENTS_MAX_BATCH:
        return None
    oldest = settings.EVENTS_MAX_AGE_HOURS * 3_600_000
    events = []
    for sent in data["events"]:
        event = plain_event(sent)
        if event is None or (age := event.get("age_ms", 0)) > oldest:
            return None
        event["at"] = now - timedelta(milliseconds=age)
        events.append(event)
    return events


def is_value_right(kind: str, value: float | None) -> bool:
    """Whether an event of that kind may have that value."""
    if kind not in VALUES:
        return value is None
    low, high = VALUES[kind]
    return value is not None and low <= value <= high and (kind != "feedback" or value in (low, high))


def _id(value: Any) -> uuid.UUID:
    if type(value) is str and _UUID.fullmatch(value):
        return uuid.UUID(value)
    raise _NotPlain


def _kind(value: Any) -> str:
    if type(value) is str and value in _KINDS:
        return value
    raise _NotPlain


def _placement(value: Any) -> str:
    if type(value) is str and _PLACEMENT.fullmatch(value):
        return value
    raise _NotPlain


def _number(value: Any) -> float:
    if type(value) is float or (type(value) is int and abs(value) <= LONGEST_DWELL_SECONDS):
        return float(value)
    raise _NotPlain


def _whole(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        raise _NotPlain

    return read


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "event_id": _id,
    "kind": _kind,
    "page": _whole(1, LARGEST_PAGE_ID),
    "age_ms": _whole(0, LONGEST_AGE_MS),
    "value": _number,
    "slate": _id,
    "placement": _placement,
    "position": _whole(0, LARGEST_POSITION),
}
