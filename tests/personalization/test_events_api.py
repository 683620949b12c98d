"""`events/` as a browser meets it."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from unittest import mock

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from personalization import tasks
from personalization.models import Event, EventCount, PageCounter, Placement, Profile, ServedSlate, Visitor
from personalization.signals import profile_updated
from personalization.types import EventRecord
from personalization.visitors import store
from tests.factories import make_article, make_editor, make_private, make_site

pytestmark = pytest.mark.django_db
URL = "/api/personalization/v1/events/"


@pytest.fixture(autouse=True)
def _broker(monkeypatch):
    """No test waits for the pause that another one's broken broker began."""
    monkeypatch.setattr(tasks, "_broker", tasks._Broker())


@pytest.fixture
def site():
    return make_site("testserver")


@pytest.fixture
def page(site):
    return make_article(site)


@pytest.fixture
def reader():
    client = Client()
    client.post("/api/personalization/v1/consent/", {"personalization": True}, content_type="application/json")
    return client


def event(page, kind="view", **fields):
    return {"event_id": str(uuid.uuid4()), "kind": kind, "page": page if isinstance(page, int) else page.pk, **fields}


def post(client, *events, **top):
    return client.post(URL, {"events": list(events), **top}, content_type="application/json")


def errors(response):
    assert response["Content-Type"] == "application/problem+json"
    return [entry["field"] for entry in response.json()["errors"]]


def test_a_batch_is_stored_whole(reader, page):
    response = post(
        reader,
        event(page, age_ms=1500),
        event(page, "dwell", value=12.5),
        event(page, "scroll", value=0.75),
        event(page, "click", position=2),
        event(page, "feedback", value=-1),
    )
    assert response.status_code == 202
    assert response.json() == {"recorded": 5}
    assert {row.kind: row.value for row in Event.objects.all()} == {
        "view": None,
        "dwell": 12.5,
        "scroll": 0.75,
        "click": None,
        "feedback": -1.0,
    }
    assert Event.objects.get(kind="click").position == 2
    assert timezone.now() - Event.objects.get(kind="view").at > timedelta(seconds=1.4)


def test_without_consent_nothing_is_stored_and_nothing_complains(client, page):
    response = post(client, event(page))
    assert response.status_code == 204
    assert not client.cookies
    assert not Event.objects.exists()
    assert not PageCounter.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-GPC": "1"},
        {"DNT": "1"},
        {"User-Agent": "Googlebot/2.1"},
        {"User-Agent": "facebookexternalhit/1.1"},
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
)
def test_a_refusing_browser_a_bot_and_a_prefetch_are_not_counted(reader, page, headers):
    response = reader.post(URL, {"events": [event(page)]}, content_type="application/json", headers=headers)
    assert response.status_code == 204
    assert not Event.objects.exists()
    assert not PageCounter.objects.exists()
    assert not EventCount.objects.exists()


def test_a_preview_sends_no_event_and_a_page_does(page):
    client = Client()
    assert b"affinity.js" in client.get(page.url).content
    client.force_login(make_editor())
    address = reverse("wagtailadmin_pages:view_draft", args=[page.pk])
    response = client.get(address)
    assert response.status_code == 200
    assert b"affinity.js" not in response.content


def test_a_page_that_was_hidden_a_moment_ago_is_refused(reader, page):
    assert post(reader, event(page)).status_code == 202
    page.unpublish()
    assert errors(post(reader, event(page))) == ["events[0].page"]
    page.get_latest_revision().publish()
    assert post(reader, event(page)).status_code == 202
    make_private(page)
    assert errors(post(reader, event(page))) == ["events[0].page"]


def test_what_is_public_on_one_site_is_not_on_another(reader, page):
    other = make_site("other.example", is_default=False)
    assert post(reader, event(page)).status_code == 202
    response = reader.post(
        URL, {"events": [event(page)]}, content_type="application/json", headers={"host": other.hostname}
    )
    assert errors(response) == ["events[0].page"]


def test_a_signed_in_editor_is_not_counted(reader, page):
    reader.force_login(make_editor())
    assert post(reader, event(page)).status_code == 204
    assert not Event.objects.exists()


def test_a_withdrawn_visitors_late_events_are_not_stored(reader, page):
    Visitor.objects.all().delete()
    assert post(reader, event(page)).status_code == 204
    assert not Event.objects.exists()


def test_a_replayed_batch_changes_nothing(reader, page):
    batch = [event(page), event(page, "dwell", value=5)]
    assert post(reader, *batch).json() == {"recorded": 2}
    counter = PageCounter.objects.values().get()
    assert post(reader, *batch).json() == {"recorded": 0}
    assert Event.objects.count() == 2
    assert PageCounter.objects.values().get() == counter


def test_the_same_event_twice_in_a_batch_counts_once(reader, page):
    same = event(page)
    assert post(reader, same, same).json() == {"recorded": 1}


def test_two_visitors_may_use_the_same_event_id(reader, page):
    other = store.create_visitor()
    shared = event(page)
    post(reader, shared)
    record = EventRecord(uuid.UUID(shared["event_id"]), "view", page.pk, timezone.now())
    assert store.record_events(other, [record]) == 1


def test_one_visitor_cannot_write_for_another(reader, page):
    other = store.create_visitor()
    post(reader, event(page, visitor=str(other), visitor_id=str(other)))
    assert not Event.objects.filter(visitor=other).exists()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "purchase"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["view"]}, "kind"),
        ({"page": "1"}, "page"),
        ({"page": 0}, "page"),
        ({"page": 10**30}, "page"),
        ({"page": 1.5}, "page"),
        ({"page": True}, "page"),
        ({"event_id": "x"}, "event_id"),
        ({"event_id": 5}, "event_id"),
        ({"at": "2026-13-01T00:00:00Z"}, "at"),
        ({"at": "2026-01-01T00:00:00"}, "at"),
        ({"at": 1767225600}, "at"),
        ({"at": "2999-01-01T00:00:00Z"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "at"),
        ({"age_ms": -1}, "age_ms"),
        ({"age_ms": 1000 * 3600 * 80}, "age_ms"),
        ({"age_ms": 5, "at": "2026-01-01T00:00:00Z"}, "age_ms"),
        ({"value": 3}, "value"),
        ({"kind": "scroll"}, "value"),
        ({"kind": "scroll", "value": 1.5}, "value"),
        ({"kind": "scroll", "value": "0.5"}, "value"),
        ({"kind": "dwell", "value": -1}, "value"),
        ({"kind": "dwell", "value": 10**400}, "value"),
        ({"kind": "feedback", "value": 0.5}, "value"),
        ({"slate": "not-a-uuid"}, "slate"),
        ({"placement": "side\x00bar"}, "placement"),
        ({"placement": "a b"}, "placement"),
        ({"placement": "x" * 81}, "placement"),
        ({"placement": 7}, "placement"),
        ({"position": -1}, "position"),
        ({"position": 40000}, "position"),
    ],
)
def test_a_bad_event_is_named_and_nothing_is_stored(reader, page, wrong, field):
    response = post(reader, event(page), event(page), {**event(page), **wrong})
    assert response.status_code == 400
    assert set(errors(response)) == {f"events[2].{field}"}
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"\x00",
        b"\xff\xfe{}",
        b'{"events": NaN}',
        b'{"events": {}}',
        b'{"events": "view"}',
        b'{"events": [1]}',
        b'{"events": []}',
        b'{"events": ' + b"[" * 30_000,
        b'{"events": [' + b"9" * 5000 + b"]}",
        b'{"sent_at": "\\u0000", "events": []}',
    ],
)
def test_a_broken_body_is_a_problem_and_never_a_500(reader, page, body):
    response = reader.generic("POST", URL, body, content_type="application/json")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_a_megabyte_is_too_large(reader, page):
    response = reader.generic("POST", URL, b" " * 2**20, content_type="application/json")
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"


def test_more_than_a_batch_is_refused(reader, page):
    response = post(reader, *(event(page) for _ in range(101)))
    assert response.status_code == 400
    assert not Event.objects.exists()


def test_a_full_batch_is_taken_in_a_few_queries(reader, page, django_assert_max_num_queries):
    batch = [event(page) for _ in range(100)]
    with django_assert_max_num_queries(10):
        assert post(reader, *batch).json() == {"recorded": 100}
    with django_assert_max_num_queries(8):  # of which two check the foreign keys early, inside this test's transaction
        assert post(reader, *(event(page) for _ in range(100))).json() == {"recorded": 100}


def test_unknown_private_draft_and_foreign_pages_get_the_same_answer(reader, site):
    private, draft = make_article(site), make_article(site, publish=False)
    make_private(private)
    foreign = make_article(make_site("other.example", is_default=False))
    answers = []
    for page in (999_999, private, draft, foreign):
        response = post(reader, event(make_article(site)), event(page))
        assert response.status_code == 404
        assert errors(response) == ["events[1].page"]
        answers.append(response.json())
    assert all(answer == answers[0] for answer in answers)
    assert not Event.objects.exists()


def test_an_unknown_placement_is_named(reader, page):
    Placement.objects.create(name="sidebar")
    response = post(reader, event(page, "impression", placement="sidebar"), event(page, placement="nowhere"))
    assert response.status_code == 404
    assert errors(response) == ["events[1].placement"]


def test_a_slate_of_another_visitor_is_refused_and_ones_own_is_kept(reader, page):
    own = ServedSlate.objects.create(visitor=Visitor.objects.get(), placement="sidebar")
    foreign = ServedSlate.objects.create(visitor_id=store.create_visitor(), placement="sidebar")
    assert post(reader, event(page, "click", slate=str(own.pk))).status_code == 202
    response = post(reader, event(page, "click", slate=str(foreign.pk)))
    assert response.status_code == 404
    assert errors(response) == ["events[0].slate"]
    assert Event.objects.get().slate_id == own.pk


def test_a_slate_from_before_consent_is_left_out(reader, page):
    assert post(reader, event(page, "click", slate=str(uuid.uuid4()))).status_code == 202
    assert Event.objects.get().slate_id is None


def test_a_clock_that_is_wrong_is_corrected_by_its_send_time(reader, page):
    clock = timezone.now() + timedelta(days=400)
    response = post(reader, event(page, at=(clock - timedelta(minutes=10)).isoformat()), sent_at=clock.isoformat())
    assert response.status_code == 202
    age = timezone.now() - Event.objects.get().at
    assert timedelta(minutes=9, seconds=50) < age < timedelta(minutes=10, seconds=30)


def test_an_event_after_its_own_sending_is_from_the_future(reader, page):
    clock = timezone.now()
    response = post(reader, event(page, at=(clock + timedelta(hours=1)).isoformat()), sent_at=clock.isoformat())
    assert errors(response) == ["events[0].at"]


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("", "direct"),
        ("testserver", "internal"),
        ("www.google.co.uk", "search"),
        ("duckduckgo.com", "search"),
        ("l.facebook.com", "social"),
        ("mail.google.com", "mail"),
        ("news.example.org", "other"),
        ("google.com.evil.example", "other"),
        ("notfacebook.com", "other"),
        ("\ud800 \x00[", "other"),
    ],
)
def test_of_where_a_reader_came_from_only_the_kind_is_kept(reader, page, host, kind):
    assert post(reader, event(page, referrer=host)).status_code == 202
    row = Event.objects.values().get()
    assert row["referrer"] == kind
    assert not host or host not in map(str, row.values())


def test_a_view_keeps_its_campaign_device_and_country(reader, page, settings):
    settings.WAGTAIL_PERSONALIZATION = {"COUNTRY_HEADER": "CF-IPCountry"}
    utm = {"source": "news\x00letter", "medium": "email", "campaign": "ete \ud83d", "term": "secret"}
    headers = {"CF-IPCountry": "fr", "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile"}
    body = {"events": [event(page, utm=utm)]}
    assert reader.post(URL, body, content_type="application/json", headers=headers).status_code == 202
    row = Event.objects.get()
    assert (row.utm_source, row.utm_medium, row.utm_campaign) == ("newsletter", "email", "ete")
    assert (row.device, row.country, row.referrer) == ("mobile", "FR", "")


@pytest.mark.parametrize("fields", [{"utm": {"source": "x" * 101}}, {"utm": "news"}, {"utm": {"campaign": 7}}])
def test_a_campaign_of_the_wrong_form_is_named(reader, page, fields):
    response = post(reader, event(page, **fields))
    assert response.status_code == 400
    assert errors(response)[0].startswith("events[0].utm")


def test_only_a_view_says_where_a_reader_came_from(reader, page):
    response = post(reader, event(page, "click", referrer="", utm={}))
    assert set(errors(response)) == {"events[0].referrer", "events[0].utm"}


def test_another_origin_may_not_post(reader, page):
    response = reader.post(
        URL, {"events": [event(page)]}, content_type="application/json", headers={"Origin": "https://evil.example"}
    )
    assert response.status_code == 403
    assert not Event.objects.exists()


def test_readers_are_throttled_one_by_one(page, settings):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_RATE": "2/min"}
    readers = []
    for _ in range(2):
        client = Client()
        client.post("/api/personalization/v1/consent/", {"personalization": True}, content_type="application/json")
        readers.append(client)
    assert [post(readers[0], event(page)).status_code for _ in range(3)] == [202, 202, 429]
    assert post(readers[1], event(page)).status_code == 202
    assert "Retry-After" in post(readers[0], event(page))


def test_folding_is_asked_for_after_commit(reader, page, django_capture_on_commit_callbacks):
    with mock.patch.object(tasks.fold_profile, "apply_async") as apply:
        with django_capture_on_commit_callbacks(execute=True):
            post(reader, event(page))
            apply.assert_not_called()
        apply.assert_called_once()
        assert apply.call_args.args[0] == (str(Visitor.objects.get().pk),)


def test_a_broker_that_is_down_loses_no_event(reader, page, django_capture_on_commit_callbacks):
    with (
        mock.patch.object(tasks.fold_profile, "apply_async", side_effect=OperationalError("no broker")),
        django_capture_on_commit_callbacks(execute=True),
    ):
        assert post(reader, event(page)).status_code == 202
        with mock.patch.object(tasks.fold_profile, "apply_async") as apply:
            post(reader, event(page))
        apply.assert_not_called()
    Event.objects.update(received_at=timezone.now() - timedelta(minutes=5))
    tasks.fold_leftovers()
    assert Profile.objects.get().views == 2


def test_folding_is_done_once_and_says_so(reader, page, django_capture_on_commit_callbacks):
    seen = []

    def listen(visitor_id, **kwargs):
        seen.append(visitor_id)

    profile_updated.connect(listen)
    post(reader, event(page, age_ms=60_000), event(page, "dwell", value=30))
    visitor_id = Visitor.objects.get().pk
    with django_capture_on_commit_callbacks(execute=True):
        tasks.fold_profile(str(visitor_id))
        tasks.fold_profile(str(visitor_id))
    profile_updated.disconnect(listen)
    row = Profile.objects.get()
    assert (row.views, row.visits, [page_id for page_id, _ in row.recent]) == (1, 1, [page.pk])
    assert not Event.objects.filter(is_folded=False).exists()
    assert seen == [visitor_id]


def test_folding_a_visitor_who_is_gone_is_nothing():
    tasks.fold_profile(str(uuid.uuid4()))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_page_deleted_meanwhile_is_a_problem_and_nothing_is_written(reader, page):
    visitor_id = Visitor.objects.get().pk
    gone = EventRecord(uuid.uuid4(), "view", 999_999, timezone.now())
    here = EventRecord(uuid.uuid4(), "view", page.pk, timezone.now())
    with (
        mock.patch("personalization.api.events.records_of", return_value=[here, gone]),
        mock.patch("personalization.api.events.visible_ids", return_value={page.pk: 1, 999_999: 1}),
    ):
        response = post(reader, event(page))
    assert response.status_code == 400
    assert json.loads(response.content)["errors"][0]["field"] == "events"
    assert not Event.objects.filter(visitor=visitor_id).exists()
    assert not PageCounter.objects.exists()
    assert transaction.get_autocommit()
