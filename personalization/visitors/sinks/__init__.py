"""Event sinks: where validated events of consenting visitors go first. Importing this package needs no Redis."""

from __future__ import annotations

from functools import lru_cache

from personalization.conf import settings

from .backends import SINKS, sink_class
from .base import Drained, EventSink

__all__ = ["SINKS", "Drained", "EventSink", "get_sink", "sink_class"]


def get_sink(name: str | None = None) -> EventSink:
    """The sink of that name or dotted path, by default the one that EVENT_SINK names: one for each process."""
    return _sink(sink_class(name or settings.EVENT_SINK))


@lru_cache(maxsize=8)
def _sink(kind: type[EventSink]) -> EventSink:
    return kind()
