"""What every event sink offers."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from personalization.types import EventRecord


@dataclass(frozen=True, slots=True)
class Drained:
    """What one turn of draining did.

    `batches` were taken, of which `set_aside` cannot be written; `recorded` events were new, of `visitors`,
    whose profiles want folding.
    """

    batches: int = 0
    recorded: int = 0
    visitors: frozenset[uuid.UUID] = frozenset()
    set_aside: int = 0


class EventSink(ABC):
    """Takes validated batches of consenting visitors. Constructing one connects to nothing.

    What `write` has taken outlives the process that took it, and is in the database once: at once, or, of a
    sink that `is_buffer`, after `drain`, which a worker calls again and again. A batch written twice, or by two
    processes, counts once. A visitor who is gone by the time of writing to the database leaves nothing there.
    """

    is_buffer: ClassVar[bool] = False

    @abstractmethod
    def write(self, visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> int | None:
        """Take the whole batch; how many of its events were new, None where that shows later.

        Raises SinkUnavailable where nothing was taken for certain: the same batch may be sent again. Raises
        InvalidField where it can never be written.
        """

    @abstractmethod
    def check(self) -> None:
        """Raise SinkUnavailable, naming the fix, where `write` or `drain` could not work here. May connect."""

    def drain(self, wait_seconds: float = 0.0) -> Drained:
        """Bring some of what waits into the database; nothing was there where `batches` is 0.

        Waits at most so long for something to come. What was taken is given up only after the database
        committed it. Raises SinkUnavailable, or the database's OperationalError: then nothing was given up.
        """
        return Drained()

    def forget(self, visitor_id: uuid.UUID) -> int:
        """Delete what is kept of a visitor beyond what waits to be drained; how many batches. The row is gone."""
        return 0
