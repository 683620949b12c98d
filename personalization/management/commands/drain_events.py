"""Bring events from the sink's buffer into the database, as a process of its own."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections

from personalization import tasks
from personalization.exceptions import SinkUnavailable
from personalization.visitors.sinks import Drained, EventSink, get_sink

WAIT_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


class Command(BaseCommand):
    help = (
        "Write the events that wait in EVENT_SINK to the database, as they come, until stopped. Run one or more of"
        " these where many events come; the periodic task does the same. Killing it loses nothing, and a database or"
        " Redis that is away is waited for."
    )

    is_stopped = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing waits any more")
        parser.add_argument("--sink", help="instead of EVENT_SINK: the one that was in use until now, such as redis")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sink = get_sink(options["sink"])
        except ImportError as error:
            raise CommandError(f"There is no sink {options['sink']!r}: {error}") from error
        if not sink.is_buffer:
            raise CommandError("This sink writes to the database at once: there is nothing to drain. See --sink.")
        try:
            sink.check()
        except SinkUnavailable as error:
            raise CommandError(str(error)) from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self.pause = WAIT_SECONDS
        while not self.is_stopped:
            drained = self._turn(sink, 0.0 if options["once"] else WAIT_SECONDS)
            if options["once"] and drained is not None and not drained.batches:
                break

    def _turn(self, sink: EventSink, wait_seconds: float) -> Drained | None:
        """One turn; None where database or Redis were away, after a pause that grows while they are."""
        try:
            drained = tasks.drain(sink, wait_seconds)
        except (SinkUnavailable, OperationalError, InterfaceError) as error:
            self.stderr.write(f"{error}\nTrying again in {self.pause:.0f} s.")
            close_old_connections()
            time.sleep(self.pause)
            self.pause = min(2 * self.pause, LONGEST_PAUSE_SECONDS)
            return None
        self.pause = WAIT_SECONDS
        return drained

    def _stop(self, *args: Any) -> None:
        """Ends after the turn that is under way."""
        self.is_stopped = True
