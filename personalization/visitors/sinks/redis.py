"""A Redis stream in front of the events table: a request costs one round trip, and workers write in large batches.

Entries are acknowledged and deleted only after the database has committed them. What a killed worker had taken is
claimed by the next; a batch that comes twice counts once, as from any client.
"""

from __future__ import annotations

import logging
import socket
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import redis
from django.conf import settings as django_settings
from django.db import DataError, IntegrityError
from redis.backoff import NoBackoff
from redis.retry import Retry

from personalization.conf import settings
from personalization.exceptions import InvalidField, SinkUnavailable
from personalization.types import EventRecord
from personalization.visitors import serialization
from personalization.visitors.events import record_waiting

from .base import Drained, EventSink

logger = logging.getLogger(__name__)

GROUP: Final = "affinity"
BATCHES_AT_ONCE: Final = 500
TRIES: Final = 3
"""After so many deliveries a batch that the database refuses is set aside."""
SET_ASIDE_AT_MOST: Final = 1000
OLDEST_VERSION: Final = (6, 2)
TIMEOUT_SECONDS: Final = 2.0
REFUSED: Final = (DataError, IntegrityError, InvalidField)

# XADD's own limit would drop the oldest: what was taken is kept, and the newcomer told to come back.
_ADD_WHERE_THERE_IS_ROOM: Final = """
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) then return false end
return redis.call('XADD', KEYS[1], '*', 'visitor', ARGV[2], 'events', ARGV[3])
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch as it lies in the stream."""

    id: bytes
    fields: Mapping[bytes, bytes]

    def batch(self) -> tuple[uuid.UUID, str]:
        """Whose it is, and the events as text. Raises ValueError where this is no batch."""
        try:
            return uuid.UUID(self.fields[b"visitor"].decode()), self.fields[b"events"].decode()
        except KeyError as error:
            raise ValueError(f"the field {error} is missing") from error


class RedisSink(EventSink):
    """The stream EVENT_SINK_STREAM on EVENT_SINK_URL. What cannot be written lies in `….aside`, with the reason.

    Give that Redis an append-only file, and a maxmemory policy that evicts no stream.
    """

    is_buffer = True

    def write(self, visitor_id: uuid.UUID, events: Sequence[EventRecord]) -> None:
        arguments = (settings.EVENT_SINK_MAX_BATCHES, visitor_id.hex, serialization.dump(events))
        try:
            added = _client().eval(_ADD_WHERE_THERE_IS_ROOM, 1, settings.EVENT_SINK_STREAM, *arguments)
        except redis.RedisError as error:
            raise SinkUnavailable(f"Redis takes no events: {error}") from error
        if not added:
            raise SinkUnavailable(
                f"{settings.EVENT_SINK_MAX_BATCHES} batches wait. Run more workers, or raise EVENT_SINK_MAX_BATCHES."
            )

    def check(self) -> None:
        try:
            facts = _client().info()
        except redis.RedisError as error:
            raise SinkUnavailable(f"Redis does not answer. Check EVENT_SINK_URL. {error}") from error
        if tuple(map(int, facts["redis_version"].split(".")[:2])) < OLDEST_VERSION:
            raise SinkUnavailable(f"Redis is {facts['redis_version']}. It must be 6.2 or newer.")
        if str(facts.get("maxmemory_policy", "")).startswith("allkeys"):
            raise SinkUnavailable(
                f"Redis may evict events: its maxmemory-policy is {facts['maxmemory_policy']}."
                " Set it to noeviction or volatile-lru, or name another Redis in EVENT_SINK_URL."
            )

    def drain(self, wait_seconds: float = 0.0) -> Drained:
        try:
            self._prepare()
            entries = self._left_behind() or self._new(wait_seconds)
            return self._record(entries)
        except redis.RedisError as error:
            raise SinkUnavailable(f"Redis gives no events: {error}") from error

    def forget(self, visitor_id: uuid.UUID) -> int:
        try:
            entries = [Entry(*entry) for entry in _client().xrange(_aside())]
            theirs = [entry.id for entry in entries if entry.fields.get(b"visitor") == visitor_id.hex.encode()]
            return int(_client().xdel(_aside(), *theirs)) if theirs else 0
        except redis.RedisError as error:
            raise SinkUnavailable(f"Redis does not answer: {error}") from error

    def _prepare(self) -> None:
        """Make the group where a fresh Redis has none, and let go of what lay aside for too long."""
        oldest = int((time.time() - settings.EVENTS_MAX_AGE_HOURS * 3600) * 1000)
        _client().xtrim(_aside(), minid=oldest, approximate=False)
        try:
            _client().xgroup_create(settings.EVENT_SINK_STREAM, GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    def _left_behind(self) -> list[Entry]:
        """What somebody took and has not written in time: a worker that died, or a batch that failed before."""
        idle = settings.EVENT_SINK_CLAIM_SECONDS * 1000
        claimed = _client().xautoclaim(settings.EVENT_SINK_STREAM, GROUP, _name(), idle, count=BATCHES_AT_ONCE)
        return [Entry(*entry) for entry in claimed[1] if entry[1]]

    def _new(self, wait_seconds: float) -> list[Entry]:
        block = int(min(wait_seconds, TIMEOUT_SECONDS / 2) * 1000) or None
        streams = {settings.EVENT_SINK_STREAM: ">"}
        answer = _client().xreadgroup(GROUP, _name(), streams, count=BATCHES_AT_ONCE, block=block)
        return [Entry(*entry) for _stream, entries in answer or () for entry in entries]

    def _record(self, entries: Sequence[Entry]) -> Drained:
        """Write the entries in one transaction; where the database refuses one, by halves, so that it stands alone."""
        if not entries:
            return Drained()
        try:
            batches = [entry.batch() for entry in entries]
            recorded = record_waiting(batches)
        except (ValueError, *REFUSED) as error:
            if len(entries) == 1:
                return Drained(batches=1, set_aside=self._failed(entries[0], error))
            half = len(entries) // 2
            return _sum(self._record(entries[:half]), self._record(entries[half:]))
        self._acknowledge(entries)
        visitors = frozenset(visitor_id for visitor_id, _events in batches)
        return Drained(len(entries), recorded, visitors if recorded else frozenset())

    def _acknowledge(self, entries: Sequence[Entry]) -> None:
        ids = [entry.id for entry in entries]
        with _client().pipeline() as pipe:
            pipe.xack(settings.EVENT_SINK_STREAM, GROUP, *ids)
            pipe.xdel(settings.EVENT_SINK_STREAM, *ids)
            pipe.execute()

    def _failed(self, entry: Entry, error: Exception) -> int:
        """Leave the entry to be tried again, or set it aside; 1 where it was the last try."""
        stream = settings.EVENT_SINK_STREAM
        (pending,) = _client().xpending_range(stream, GROUP, entry.id, entry.id, 1) or ({"times_delivered": TRIES},)
        if pending["times_delivered"] < TRIES:
            logger.warning("A batch of events could not be written and is tried again: %s", error)
            return 0
        logger.error("A batch of events was set aside in %s: %s", _aside(), error)
        with _client().pipeline() as pipe:
            pipe.xadd(_aside(), {**entry.fields, b"reason": str(error).encode()}, maxlen=SET_ASIDE_AT_MOST)
            pipe.xack(stream, GROUP, entry.id)
            pipe.xdel(stream, entry.id)
            pipe.execute()
        return 1


def _sum(one: Drained, other: Drained) -> Drained:
    return Drained(
        one.batches + other.batches,
        one.recorded + other.recorded,
        one.visitors | other.visitors,
        one.set_aside + other.set_aside,
    )


def _aside() -> str:
    return f"{settings.EVENT_SINK_STREAM}.aside"


def _name() -> str:
    """Who takes entries, for those who look at the group. Several processes may be one: the group keeps them apart."""
    return socket.gethostname()


def _client() -> Any:  # what redis-py's hints say of answers depends on its release
    return _connected(settings.EVENT_SINK_URL or _url_of_the_cache())


def _url_of_the_cache() -> str:
    cache = django_settings.CACHES["default"]
    location = cache.get("LOCATION") if cache["BACKEND"].endswith("RedisCache") else None
    if not location:
        raise SinkUnavailable("EVENT_SINK is 'redis', but EVENT_SINK_URL is not set, nor is the cache a Redis.")
    return location if isinstance(location, str) else location[0]


@lru_cache(maxsize=8)
def _connected(url: str) -> redis.Redis:
    """One pool of connections for each process and server. Tries again once: a kept connection may have gone stale."""
    return redis.Redis.from_url(
        url,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS / 2,
        retry=Retry(NoBackoff(), 1),
    )
