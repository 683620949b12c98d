"""The API to what is stored about oneself: see, change, take along, delete."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from personalization.models import Event, Placement, Segment, ServedSlate, Visitor
from personalization.operations.rights import EXPORTED
from personalization.types import EventRecord
from personalization.visitors import cookie, folding, preferences, segments, store
from tests.factories import make_article, make_editor, make_site, make_topic, make_vector, tag_page

API = "/api/personalization/v1/visitor/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def site(db):
    return make_site()


@pytest.fixture
def visitor(site):
    return store.create_visitor("mobile")


@pytest.fixture
def browser(client, visitor):
    client.defaults["HTTP_USER_AGENT"] = FIREFOX
    client.cookies["affinity_visitor"] = cookie._signer().sign(visitor.hex)
    return client


@pytest.fixture
def climate(site):
    return make_topic("Climate")


def read(visitor, *pages):
    now = timezone.now()
    events = [EventRecord(uuid.uuid4(), "view", page.pk, now - timedelta(minutes=n)) for n, page in enumerate(pages)]
    store.record_events(visitor, events)
    folding.fold_visitor(visitor)


def post(client, path, body=None, **headers):
    return client.post(API + path, json.dumps(body or {}), content_type="application/json", headers=headers)


def test_without_consent_nothing_is_stored_and_said(client, site):
    response = client.get(API)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, no-store"
    body = response.json()
    assert (body["purposes"], body["has_profile"], body["topics"], body["recent"]) == ([], False, [], [])
    assert "since" not in body
    assert client.get(f"{API}export/").json()["visitor"] is None
    assert not response.cookies


def test_it_says_what_is_stored(site, browser, visitor, climate):
    page, gone = make_article(site, "The sea rises"), make_article(site, "Taken back")
    tag_page(page, climate)
    rule = {"type": "topic", "topic": climate.pk, "operator": "at_least", "value": 0.1}
    rules = {"match": "all", "rules": [rule]}
    Segment.objects.create(name="CLM-3 high value", public_name="Friends of the climate", rules=rules)
    Segment.objects.create(name="internal", rules=rules)
    segments.forget_compiled()
    read(visitor, page, gone)
    gone.unpublish()
    body = browser.get(API).json()
    assert body["purposes"] == ["analytics", "personalization"]
    assert [(topic["name"], topic["strength"], topic["is_liked"]) for topic in body["topics"]] == [
        ("Climate", "strong", False)
    ]
    assert body["segments"] == ["Friends of the climate"]
    assert body["other_segments"] == 1
    assert [(read["id"], read["title"], bool(read["url"])) for read in body["recent"]] == [
        (page.pk, "The sea rises", True),
        (gone.pk, "", False),
    ]
    assert (body["views"], body["visits"], body["events"]) == (2, 1, 2)
    assert body["deleted_after"] > timezone.now().isoformat()


def test_the_number_of_queries_does_not_grow_with_what_was_read(site, browser, visitor):
    def queries(n):
        pages = [make_article(site) for _ in range(n)]
        for page in pages:
            tag_page(page, make_topic("Topic"))
        read(visitor, *pages)
        browser.get(API)  # fills the caches
        with CaptureQueriesContext(connection) as captured:
            browser.get(API)
        return len(captured)

    assert queries(1) == queries(6)


def test_a_muted_topic_is_gone_from_the_next_answer(site, browser, visitor, climate):
    page, other = make_article(site), make_article(site)
    tag_page(page, climate)
    for each in (page, other):
        make_vector(each, 1, 0, 0)
    Placement.objects.create(name="sidebar", n=5)

    def recommended():
        body = browser.get("/api/personalization/v1/recommendations/?placement=sidebar").json()
        return {item["id"] for item in body["items"]}

    assert recommended() == {page.pk, other.pk}
    body = post(browser, f"topics/{climate.pk}/", {"preference": "mute"}).json()
    assert [topic["name"] for topic in body["muted_topics"]] == ["Climate"]
    assert recommended() == {other.pk}
    post(browser, f"topics/{climate.pk}/", {"preference": "none"})
    assert recommended() == {page.pk, other.pk}
    body = post(browser, f"topics/{climate.pk}/", {"preference": "like"}).json()
    assert [(topic["name"], topic["is_liked"]) for topic in body["topics"]] == [("Climate", True)]


def test_a_hidden_page_can_be_shown_again(site, browser, visitor):
    page = make_article(site, "Enough of this")
    body = post(browser, f"pages/{page.pk}/", {"hidden": True}).json()
    assert [(hidden["id"], hidden["title"]) for hidden in body["hidden_pages"]] == [(page.pk, "Enough of this")]
    page.unpublish()
    assert post(browser, f"pages/{page.pk}/", {"hidden": False}).json()["hidden_pages"] == []
    assert post(browser, f"pages/{page.pk}/", {"hidden": True}).status_code == 404


def test_onboarding_is_asked_and_answered(site, browser, visitor, climate):
    assert browser.get(f"{API}onboarding/").json() == {"personalization": True, "answered": False, "topics": []}
    answered = {"personalization": True, "answered": True, "topics": [climate.pk]}
    assert post(browser, "onboarding/", {"topics": [climate.pk]}).json() == answered
    assert store.load_profile(visitor).liked_topics == {climate.pk}
    assert post(browser, "onboarding/", {"topics": [climate.pk, 999_999]}).status_code == 404
    assert post(browser, "onboarding/", {"topics": "all"}).status_code == 400


def test_a_reset_keeps_consent_and_mutes(site, browser, visitor, climate):
    page = make_article(site)
    read(visitor, page)
    preferences.prefer_topic(visitor, climate.pk, "mute")
    body = post(browser, "reset/").json()
    assert (body["recent"], body["views"], body["events"]) == ([], 0, 0)
    assert [topic["name"] for topic in body["muted_topics"]] == ["Climate"]
    assert body["purposes"] == ["analytics", "personalization"]


def test_the_export_leaves_nothing_out(site, browser, visitor, climate):
    page = make_article(site)
    tag_page(page, climate)
    make_vector(page, 1, 0, 0)
    Segment.objects.create(
        name="CLM-3 high value", rules={"match": "all", "rules": [{"type": "visitor", "value": "new"}]}
    )
    segments.forget_compiled()
    read(visitor, page)
    ServedSlate.objects.create(visitor_id=visitor, placement="sidebar", items=[[page.pk, 1.0, {}]])
    response = browser.get(f"{API}export/")
    assert response["Content-Disposition"] == 'attachment; filename="my-data.json"'
    body = response.json()
    assert body["visitor"]["id"] == str(visitor)
    assert body["profile"]["topics"][0]["name"] == "Climate"
    assert body["profile"]["segments"][0]["name"] == "CLM-3 high value"
    assert body["profile"]["vector"] == [1, 0, 0]
    assert [event["kind"] for event in body["events"]] == ["view"]
    assert body["recommended"][0]["items"] == [[page.pk, 1.0, {}]]


def test_every_table_about_visitors_is_in_the_export():
    about = {relation.related_model for relation in Visitor._meta.related_objects}
    assert about == {model for model, _rows in EXPORTED.values()}


def test_delete_leaves_nothing_and_takes_the_cookie(site, browser, visitor):
    read(visitor, make_article(site))
    response = browser.delete(API)
    assert response.status_code == 200
    assert response.json()["purposes"] == []
    assert response.cookies["affinity_visitor"]["max-age"] == 0
    assert not Visitor.objects.exists()
    assert not Event.objects.exists()


def test_a_browser_that_says_no_may_still_delete(site, browser, visitor):
    browser.delete(API, headers={"Sec-GPC": "1"})
    assert not Visitor.objects.exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("topics/{topic}/", {"preference": "like"}),
        ("pages/{page}/", {"hidden": True}),
        ("onboarding/", {"topics": []}),
        ("reset/", {}),
    ],
)
def test_nothing_is_changed_without_consent_to_a_profile(site, client, climate, path, body):
    page = make_article(site)
    counted = store.create_visitor(purposes=["analytics"])
    client.cookies["affinity_visitor"] = cookie._signer().sign(counted.hex)
    client.defaults["HTTP_USER_AGENT"] = FIREFOX
    response = post(client, path.format(topic=climate.pk, page=page.pk), body)
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert client.get(API).json()["has_profile"] is False


@pytest.mark.parametrize("body", [{}, {"preference": "hate"}, {"preference": 1}, [], "x"])
def test_what_is_no_preference_is_refused(browser, climate, body):
    response = browser.post(f"{API}topics/{climate.pk}/", json.dumps(body), content_type="application/json")
    assert response.status_code == 400


def test_topics_and_pages_that_do_not_exist(browser):
    assert post(browser, "topics/999999/", {"preference": "like"}).status_code == 404
    assert post(browser, f"topics/{2**70}/", {"preference": "like"}).status_code == 404
    assert post(browser, "pages/999999/", {"hidden": True}).status_code == 404
    assert post(browser, f"pages/{2**70}/", {"hidden": False}).status_code == 404


def test_other_sites_may_not_speak_for_a_visitor(browser, visitor, climate):
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert post(browser, f"topics/{climate.pk}/", {"preference": "mute"}, **evil).status_code == 403
    assert browser.delete(API, headers=evil).status_code == 403
    assert store.load_profile(visitor).muted_topics == frozenset()


def test_it_is_throttled_by_visitor_and_no_cache_holds_the_id(settings, browser, visitor):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "VISITOR_RATE": "2/day"}
    assert [browser.get(API).status_code for _ in range(3)] == [200, 200, 429]
    kept = repr(cache._cache)
    assert "VISITOR_RATE" in kept
    assert visitor.hex not in kept
    assert str(visitor) not in kept


def test_an_editor_sees_their_own_stored_data_too(browser, visitor):
    browser.force_login(make_editor())
    assert browser.get(API).json()["has_profile"]
