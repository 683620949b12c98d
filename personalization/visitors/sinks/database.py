"""Straight into the events table: nothing to run, nothing to lose, one transaction a request."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import InterfaceError, OperationalError, connection

from personalization.exceptions import SinkUnavailable
from personalization.types import EventRecord
from personalization.visitors.events import record_events

from .base import EventSink


class DatabaseSink(EventSink):
    """The default. A killed web process leaves a batch written or not at all, and its client sends it again."""

    def write(self, visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> int:
        try:
            return record_events(visitor_id, events)
        except (OperationalError, InterfaceError) as error:
            raise SinkUnavailable(f"The database takes no events: {error}") from error

    def check(self) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise SinkUnavailable(f"The database does not answer. Check DATABASES. {error}") from error
