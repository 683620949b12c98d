"""kill -9 of those who write events, while they write: each event is stored and counted once, whichever sink it took.

Longer runs by hand: FAULTS_KILLS=30 FAULTS_SEED=7 pytest tests/faults/test_event_sinks.py
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis
from django.utils import timezone

from personalization.types import EventRecord
from personalization.visitors.sinks.redis import RedisSink
from tests import migrated
from tests.missing import require
from tests.story.deployment import wait_until

from .cluster import Cluster

KILLS = int(os.environ.get("FAULTS_KILLS", "3"))
SEED = int(os.environ.get("FAULTS_SEED", str(random.randrange(10_000))))
BATCH = 20
WAITING_BATCHES = 700 * (KILLS + 1)
CLIENTS = 4
KINDS = ("view", "impression", "click", "impression")
URL = "/api/personalization/v1/events/"

pytestmark = [pytest.mark.worker, pytest.mark.redis, pytest.mark.timeout(240 + 60 * KILLS)]

STORED = "SELECT count(*), count(DISTINCT (visitor_id, event_id)) FROM personalization_event"
READINGS = """
SELECT count(DISTINCT (visitor_id, page_id, date_trunc('hour', at))) FROM personalization_event WHERE kind = 'view'
"""


@dataclass
class Readers:
    """Whoever sends events: their pages, their ids and cookies, and the ids of what they sent."""

    pages: list[int]
    visitors: dict[str, str]
    sent: set[uuid.UUID] = field(default_factory=set)


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("sinks")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the database runs as another user where we are root
    made = Cluster(folder, require("redis-server", "apt-get install redis-server"), Path("no-pipeline"))
    try:
        for name in ("database", "broker"):
            made.start(name)
        migrated.fill(made.url)
        yield made
    finally:
        made.stop()


@pytest.fixture
def readers(cluster: Cluster) -> Readers:
    return Readers(**json.loads(cluster.manage("-m", "tests.faults.readers", "10", "30")))


def test_a_killed_worker_of_the_stream_loses_and_doubles_nothing(cluster: Cluster, readers: Readers, settings) -> None:
    print(f"FAULTS_SEED={SEED}")
    chance, stream = random.Random(SEED), redis.Redis.from_url(cluster.broker_url)
    settings.WAGTAIL_PERSONALIZATION = {"EVENT_SINK_URL": cluster.broker_url}
    fill(readers, chance)
    for _ in range(KILLS):
        waiting = stream.xlen("affinity:events")
        cluster.start("drain")
        wait_until(lambda before=waiting: has_begun(stream, before), 60, "the worker takes a batch")
        time.sleep(chance.uniform(0, 1.5))
        cluster.kill("drain")
    cluster.start("drain")
    wait_until(lambda: stream.xlen("affinity:events") == 0, 120, "the stream is drained")
    expect_each_once(cluster, readers)
    assert stream.xlen("affinity:events.aside") == 0


def test_a_web_process_killed_in_mid_request_loses_and_doubles_nothing(cluster: Cluster, readers: Readers) -> None:
    print(f"FAULTS_SEED={SEED}")
    chance, is_over = random.Random(SEED), threading.Event()
    clients = [threading.Thread(target=send, args=(cluster, readers, share, is_over)) for share in shares(readers)]
    cluster.start("web")
    for client in clients:
        client.start()
    for number in range(KILLS):
        before = stored(cluster)
        wait_until(lambda before=before: stored(cluster) > before, 60, "the site takes events")
        time.sleep(chance.uniform(0, 1.5))
        strike(cluster, "one web worker" if number % 2 else "web", chance)
    is_over.set()
    for client in clients:
        client.join(60)
        assert not client.is_alive()
    expect_each_once(cluster, readers)


def fill(readers: Readers, chance: random.Random) -> None:
    """Batches in the stream, every tenth of them twice, as from a client that heard no answer."""
    sink = RedisSink()
    for number in range(WAITING_BATCHES):
        events = [
            EventRecord(uuid.uuid4(), chance.choice(KINDS), chance.choice(readers.pages), timezone.now())
            for _ in range(BATCH)
        ]
        readers.sent |= {event.event_id for event in events}
        visitor_id = uuid.UUID(chance.choice(list(readers.visitors)))
        for _ in range(2 if number % 10 == 0 else 1):
            sink.write(visitor_id, events)


def has_begun(stream: redis.Redis, before: int) -> bool:
    """Whether a worker has something in hand that it did not have before, or has written some of it."""
    groups = stream.xinfo_groups("affinity:events")
    return stream.xlen("affinity:events") < before or any(group["pending"] for group in groups)


def shares(readers: Readers) -> list[list[str]]:
    """The cookies of each client's visitors."""
    cookies = list(readers.visitors.values())
    return [cookies[number::CLIENTS] for number in range(CLIENTS)]


def send(cluster: Cluster, readers: Readers, cookies: list[str], is_over: threading.Event) -> None:
    """A browser: sends the same batch until it is taken, then the next."""
    chance = random.Random(cookies[0])
    while not is_over.is_set():
        ids = [uuid.uuid4() for _ in range(BATCH)]
        events = [
            {"event_id": str(event_id), "kind": chance.choice(KINDS), "page": chance.choice(readers.pages)}
            for event_id in ids
        ]
        cookie, body = chance.choice(cookies), json.dumps({"events": events})
        while (status := answer(cluster, cookie, body)) != 202:
            assert status in (0, 429, 503)
            time.sleep(0.2)
        readers.sent |= set(ids)


def answer(cluster: Cluster, cookie: str, body: str) -> int:
    """The status, 0 where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", cluster.web_port, timeout=30)
    try:
        connection.request("POST", URL, body, {"Content-Type": "application/json", "Cookie": cookie})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def strike(cluster: Cluster, victim: str, chance: random.Random) -> None:
    if victim == "one web worker":
        cluster.kill_one_of("web", chance)
        return
    cluster.kill("web")
    cluster.start("web")


def stored(cluster: Cluster) -> int:
    return int(cluster.rows(STORED)[0][0])


def expect_each_once(cluster: Cluster, readers: Readers) -> None:
    """All that was taken is stored once, and counted once in everything that is counted."""
    n = len(readers.sent)
    assert n > 0
    assert cluster.rows(STORED) == [(n, n)]
    assert cluster.rows("SELECT sum(n) FROM personalization_eventcount") == [(n,)]
    assert cluster.rows("SELECT sum(total) FROM personalization_pagecounter") == cluster.rows(READINGS)
