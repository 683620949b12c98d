"""The sinks by their short names; any other class by its dotted path."""

from __future__ import annotations

from typing import cast

from django.utils.module_loading import import_string

from .base import EventSink

SINKS = {
    "database": "personalization.visitors.sinks.database.DatabaseSink",
    "redis": "personalization.visitors.sinks.redis.RedisSink",
}


def sink_class(name: str) -> type[EventSink]:
    """The class of a sink, by its short name or dotted path. Raises ImportError."""
    return cast("type[EventSink]", import_string(SINKS.get(name, name)))
