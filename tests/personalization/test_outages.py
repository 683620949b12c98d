"""What the API answers while a part of the site is down, and while somebody floods it."""

from __future__ import annotations

import uuid
from unittest import mock

import pytest
from django.core.cache import caches
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from personalization.api import throttling
from personalization.exceptions import SinkUnavailable
from personalization.models import Event
from personalization.visitors.sinks.database import DatabaseSink
from tests.factories import make_article, make_site

pytestmark = pytest.mark.django_db
API = "/api/personalization/v1"


@pytest.fixture(autouse=True)
def _cache_is_back(monkeypatch):
    monkeypatch.setattr(throttling, "outage", throttling._CacheOutage())


@pytest.fixture
def page():
    return make_article(make_site("testserver"))


def consenting(address: str = "127.0.0.1") -> Client:
    client = Client(REMOTE_ADDR=address)
    client.post(f"{API}/consent/", {"personalization": True}, content_type="application/json")
    return client


def post(client: Client, page, **fields):
    event = {"event_id": str(uuid.uuid4()), "kind": "view", "page": page.pk, **fields}
    return client.post(f"{API}/events/", {"events": [event]}, content_type="application/json")


@pytest.mark.parametrize(
    "error",
    [
        SinkUnavailable("The stream is full."),
        OperationalError("could not extend file: No space left on device"),
        InterfaceError("connection already closed"),
    ],
)
def test_a_store_that_is_down_or_full_is_a_503_that_says_when_to_come_back(page, error):
    reader = consenting()
    with mock.patch.object(DatabaseSink, "write", side_effect=error):
        response = post(reader, page)
    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert int(response["Retry-After"]) > 0
    assert str(error) not in response.text
    assert post(reader, page).status_code == 202


def test_what_is_wrong_is_the_clients_fault_even_then(page):
    with mock.patch.object(DatabaseSink, "write", side_effect=SinkUnavailable):
        assert post(consenting(), page, kind="purchase").status_code == 400


def test_a_database_that_goes_away_in_the_request_is_a_503(page):
    def gone(*args):
        raise OperationalError("server closed the connection unexpectedly")

    reader = consenting()
    with connection.execute_wrapper(gone):
        assert post(reader, page).status_code == 503
        assert reader.get(f"{API}/consent/").status_code == 503
    assert not Event.objects.exists()
    assert post(reader, page).status_code == 202


def test_a_database_that_cannot_even_begin_is_a_503_where_requests_are_atomic(page, monkeypatch):
    reader = consenting()
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert post(reader, page).status_code == 202
    with mock.patch("django.db.transaction.Atomic.__enter__", side_effect=OperationalError("gone")):
        assert post(reader, page).status_code == 503


def test_without_its_cache_it_lets_everybody_in_and_complains_once(page, settings, caplog):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_RATE": "1/min", "EVENTS_ADDRESS_RATE": "1/min"}
    reader = consenting()
    with mock.patch.object(type(caches["default"]), "incr", side_effect=ConnectionError("no Redis")) as incr:
        assert [post(reader, page).status_code for _ in range(3)] == [202] * 3
    assert incr.call_count == 1
    assert [record.name for record in caplog.records].count("personalization.api.throttling") == 1


def test_a_real_cache_server_that_is_not_there_is_no_500(page, settings):
    pytest.importorskip("redis")
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": redis}
    assert post(consenting(), page).status_code == 202


def test_a_flood_from_one_client_slows_no_other(page, settings):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_RATE": "3/hour", "EVENTS_ADDRESS_RATE": "100/hour"}
    flooding, other = consenting(), consenting()
    answers = [post(flooding, page) for _ in range(20)]
    assert [answer.status_code for answer in answers] == [202] * 3 + [429] * 17
    assert 1 <= int(answers[-1]["Retry-After"]) <= 3600
    assert post(other, page).status_code == 202


def test_many_visitors_of_one_address_share_its_limit(page, settings):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_RATE": "100/hour", "EVENTS_ADDRESS_RATE": "3/hour"}
    crowd = [consenting("192.0.2.1") for _ in range(5)]
    assert [post(reader, page).status_code for reader in crowd] == [202] * 3 + [429] * 2
    assert post(consenting("192.0.2.2"), page).status_code == 202


def test_a_window_that_is_over_lets_in_again(page, settings):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_RATE": "1/min"}
    reader = consenting()
    with mock.patch.object(throttling.ClientThrottle, "timer", return_value=60_000.0) as timer:
        assert [post(reader, page).status_code for _ in range(2)] == [202, 429]
        timer.return_value = 60_059.0
        assert post(reader, page)["Retry-After"] == "1"
        timer.return_value = 60_060.0
        assert post(reader, page).status_code == 202
