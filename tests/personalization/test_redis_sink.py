"""The Redis sink on a real Redis: nothing lost, nothing twice, nothing of those who left."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from unittest import mock

import pytest
import redis
from celery import Celery
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction
from django.test import Client
from django.utils import timezone

from personalization import checks, tasks
from personalization.exceptions import SinkUnavailable
from personalization.models import Event, PageCounter, Profile
from personalization.testing.sinks import EventSinkContract, stored
from personalization.types import EventRecord
from personalization.visitors import serialization, store
from personalization.visitors.events import record_waiting
from personalization.visitors.sinks import get_sink
from personalization.visitors.sinks import redis as redis_sink
from personalization.visitors.sinks.redis import RedisSink
from tests.factories import make_article, make_site

pytestmark = [pytest.mark.django_db, pytest.mark.redis]
STREAM = "affinity:events"
ASIDE = "affinity:events.aside"


@pytest.fixture
def server(redis_url):
    client = redis.Redis.from_url(redis_url)
    client.flushall()
    return client


@pytest.fixture
def configure(settings, redis_url):
    def configure(**chosen):
        settings.WAGTAIL_PERSONALIZATION = {"EVENT_SINK": "redis", "EVENT_SINK_URL": redis_url, **chosen}

    configure()
    return configure


@pytest.fixture
def sink(server, configure):
    return get_sink()


@pytest.fixture
def page_id():
    return make_article(make_site("testserver")).pk


@pytest.fixture
def visitor_id():
    return store.create_visitor()


def view(page_id, **fields):
    return EventRecord(uuid.uuid4(), "view", page_id, timezone.now(), **fields)


def an_hour_later(configure):
    """Whatever was taken before counts as left behind."""
    configure(EVENT_SINK_CLAIM_SECONDS=0)


class TestRedisSink(EventSinkContract):
    @pytest.fixture
    def broken_sink(self, sink, configure):
        configure(EVENT_SINK_URL="redis://127.0.0.1:1")
        return sink


def test_a_full_stream_takes_no_more_and_keeps_what_it_has(sink, configure, page_id, visitor_id):
    configure(EVENT_SINK_MAX_BATCHES=2)
    for _ in range(2):
        sink.write(visitor_id, [view(page_id)])
    with pytest.raises(SinkUnavailable, match="EVENT_SINK_MAX_BATCHES"):
        sink.write(visitor_id, [view(page_id)])
    assert sink.drain().recorded == 2
    sink.write(visitor_id, [view(page_id)])
    assert sink.drain().recorded == 1


def test_a_redis_without_memory_takes_no_more_and_keeps_what_it_has(server, sink, page_id, visitor_id):
    sink.write(visitor_id, [view(page_id)])
    server.config_set("maxmemory", 1)
    try:
        with pytest.raises(SinkUnavailable, match=r"OOM|memory"):
            sink.write(visitor_id, [view(page_id)])
    finally:
        server.config_set("maxmemory", 0)
    assert sink.drain().recorded == 1


def test_what_is_written_is_gone_from_redis(server, sink, page_id, visitor_id):
    sink.write(visitor_id, [view(page_id)])
    sink.drain()
    assert server.xlen(STREAM) == 0
    assert server.xpending(STREAM, "affinity")["pending"] == 0
    assert visitor_id.hex.encode() not in server.dump(STREAM)


def test_a_worker_killed_before_its_commit_loses_nothing(sink, configure, page_id, visitor_id):
    sink.write(visitor_id, [view(page_id)])
    with (
        mock.patch.object(redis_sink, "record_waiting", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        sink.drain()
    assert sink.drain().batches == 0  # it is still the dead worker's
    an_hour_later(configure)
    assert sink.drain().recorded == 1


def test_a_worker_killed_between_commit_and_acknowledgement_doubles_nothing(sink, configure, page_id, visitor_id):
    sink.write(visitor_id, [view(page_id)])
    killed = mock.patch.object(RedisSink, "_acknowledge", side_effect=KeyboardInterrupt)
    with killed, pytest.raises(KeyboardInterrupt):
        sink.drain()
    an_hour_later(configure)
    drained = sink.drain()
    assert (drained.batches, drained.recorded) == (1, 0)
    assert len(stored(visitor_id)) == 1
    assert PageCounter.objects.get().total == 1
    assert sink.drain().batches == 0


def test_a_lost_database_leaves_everything_waiting(server, sink, configure, page_id, visitor_id):
    sink.write(visitor_id, [view(page_id)])
    an_hour_later(configure)
    with mock.patch.object(redis_sink, "record_waiting", side_effect=OperationalError("gone")):
        for _ in range(5):
            with pytest.raises(OperationalError):
                sink.drain()
    assert sink.drain().recorded == 1
    assert server.xlen(ASIDE) == 0


def test_one_bad_batch_is_set_aside_with_the_reason_and_holds_up_no_other(server, sink, configure, page_id, visitor_id):
    bad = EventRecord(uuid.uuid4(), "view", page_id, timezone.now(), placement="x" * 100)
    server.xadd(STREAM, {"visitor": "nobody", "events": "[]"})
    for number in range(10):
        sink.write(visitor_id, [bad if number == 4 else view(page_id)])
    server.xadd(STREAM, {"events": "{"})
    an_hour_later(configure)
    turns = [sink.drain() for _ in range(redis_sink.TRIES + 1)]
    assert [turn.recorded for turn in turns] == [9, 0, 0, 0]
    assert [turn.set_aside for turn in turns] == [0, 0, 3, 0]
    reasons = [fields[b"reason"].decode() for _id, fields in server.xrange(ASIDE)]
    assert len(reasons) == 3
    assert any("too long" in reason for reason in reasons)
    assert any("visitor" in reason for reason in reasons)
    assert server.xlen(STREAM) == 0


def test_whoever_is_forgotten_is_forgotten_among_what_was_set_aside(server, sink, page_id, visitor_id):
    other = uuid.uuid4()
    for somebody in (visitor_id, other):
        server.xadd(ASIDE, {"visitor": somebody.hex, "events": "[]", "reason": "?"})
    assert sink.forget(visitor_id) == 1
    assert [fields[b"visitor"].decode() for _id, fields in server.xrange(ASIDE)] == [other.hex]


def test_withdrawing_forgets_what_was_set_aside(server, sink, visitor_id, django_capture_on_commit_callbacks):
    server.xadd(ASIDE, {"visitor": visitor_id.hex, "events": "[]", "reason": "?"})
    with django_capture_on_commit_callbacks(execute=True):
        store.delete_visitor(visitor_id)
    assert server.xlen(ASIDE) == 0


def test_what_was_set_aside_is_not_kept_for_ever(server, sink, configure):
    server.xadd(ASIDE, {"visitor": "old"}, id="1-1")
    server.xadd(ASIDE, {"visitor": "new"})
    sink.drain()
    assert [fields[b"visitor"] for _id, fields in server.xrange(ASIDE)] == [b"new"]


def test_a_redis_that_forgot_everything_is_begun_anew(server, sink, page_id, visitor_id):
    sink.write(visitor_id, [view(page_id)])
    sink.drain()
    server.flushall()
    sink.write(visitor_id, [view(page_id)])
    assert sink.drain().recorded == 1


def test_the_endpoint_hands_events_to_it_and_a_worker_folds_them(sink, page_id):
    client = Client()
    client.post("/api/personalization/v1/consent/", {"personalization": True}, content_type="application/json")
    body = {"events": [{"event_id": str(uuid.uuid4()), "kind": "view", "page": page_id}]}
    response = client.post("/api/personalization/v1/events/", body, content_type="application/json")
    assert (response.status_code, response.json()) == (202, {"recorded": None})
    assert not Event.objects.exists()
    with mock.patch.object(tasks._broker, "send") as send:
        tasks.drain_events()
    assert Event.objects.count() == 1
    task, visitor_ids = send.call_args.args
    task(visitor_ids)
    assert Profile.objects.get().views == 1


def test_the_endpoint_answers_503_while_redis_is_away(sink, configure, page_id):
    client = Client()
    client.post("/api/personalization/v1/consent/", {"personalization": True}, content_type="application/json")
    configure(EVENT_SINK_URL="redis://127.0.0.1:1")
    body = {"events": [{"event_id": str(uuid.uuid4()), "kind": "view", "page": page_id}]}
    response = client.post("/api/personalization/v1/events/", body, content_type="application/json")
    assert response.status_code == 503
    assert "Retry-After" in response


def test_the_command_drains_until_nothing_waits(sink, configure, page_id, visitor_id):
    for _ in range(3):
        sink.write(visitor_id, [view(page_id)])
    call_command("drain_events", "--once")
    assert len(stored(visitor_id)) == 3
    configure(EVENT_SINK="database")
    with pytest.raises(CommandError, match="nothing to drain"):
        call_command("drain_events")
    sink.write(visitor_id, [view(page_id)])
    call_command("drain_events", "--once", "--sink", "redis")
    assert len(stored(visitor_id)) == 4
    with pytest.raises(CommandError, match="no sink 'kafka'"):
        call_command("drain_events", "--sink", "kafka")
    configure(EVENT_SINK_URL="redis://127.0.0.1:1")
    with pytest.raises(CommandError, match="EVENT_SINK_URL"):
        call_command("drain_events")


def test_beat_drains_a_buffer_and_nothing_else(configure):
    def scheduled() -> set[str]:
        app = Celery("scheduled", set_as_current=False)
        tasks.schedule(app)
        return {name for name in app.conf.beat_schedule if "drain" in name}

    assert scheduled() == {"personalization.drain_events"}
    configure(EVENT_SINK="database")
    assert scheduled() == set()


def test_a_redis_that_may_throw_events_away_is_an_error(server, sink):
    server.config_set("maxmemory-policy", "allkeys-lru")
    try:
        (error,) = checks.check_sink()
    finally:
        server.config_set("maxmemory-policy", "noeviction")
    assert "maxmemory-policy" in error.hint
    assert checks.check_sink() == []


def test_its_address_may_be_the_caches(server, settings, redis_url, page_id, visitor_id):
    settings.WAGTAIL_PERSONALIZATION = {"EVENT_SINK": "redis"}
    with pytest.raises(SinkUnavailable, match="EVENT_SINK_URL is not set"):
        get_sink().check()
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": [redis_url]}}
    get_sink().write(visitor_id, [view(page_id)])
    assert server.xlen(STREAM) == 1


def test_a_batch_is_read_as_it_was_written(sink, page_id, visitor_id):
    plain = view(page_id)
    names = ("country", "referrer", "utm_source", "utm_medium", "utm_campaign")
    odd = dict.fromkeys(names[2:], "é\t\n\\N\\t\"'%")
    full = replace(plain, event_id=uuid.uuid4(), value=0.1 + 0.2, placement="x", position=0, country="FR", **odd)
    sink.write(visitor_id, [plain, full])
    sink.drain()
    rows = {row["event_id"]: row for row in Event.objects.values("event_id", *names)}
    assert rows[plain.event_id] == {"event_id": plain.event_id, **dict.fromkeys(names, "")}
    assert rows[full.event_id] == {"event_id": full.event_id, "country": "FR", "referrer": "", **odd}


def test_every_field_of_an_event_is_a_column_in_the_same_order():
    assert list(serialization.COLUMNS) == [field.name for field in fields(EventRecord)]


@pytest.mark.parametrize("text", ["", "5", "{}", "[", "[[]x", '[["a","view",1,"2026-01-01T00:00:00Z"]]', "[[1,2]]"])
def test_what_is_no_batch_is_refused(visitor_id, text):
    with pytest.raises(redis_sink.REFUSED), transaction.atomic():
        record_waiting([(visitor_id, text)])
