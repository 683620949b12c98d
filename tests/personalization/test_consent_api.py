"""`consent/` as a browser meets it."""

from __future__ import annotations

import time
import uuid

import pytest
from django.core.signing import TimestampSigner
from django.test import Client

from personalization.models import Event, Profile, Visitor
from tests.factories import make_article, make_editor, make_site

pytestmark = pytest.mark.django_db
URL = "/api/personalization/v1/consent/"
COOKIE = "affinity_visitor"
DAY = 24 * 3600


def answer(client, yes, **headers):
    return client.post(URL, {"personalization": yes}, content_type="application/json", headers=headers)


def state(both, counted, reason=""):
    return {"analytics": both, "personalization": both, "counted": counted, "reason": reason}


def signed(visitor_id, age=0):
    with pytest.MonkeyPatch.context() as patch:
        now = time.time()
        patch.setattr("django.core.signing.time.time", lambda: now - age)
        return TimestampSigner(salt="personalization.visitor").sign(visitor_id.hex)


def test_a_page_sets_no_cookie_and_stores_nothing_before_consent(client):
    page = make_article(make_site())
    for _ in range(2):
        response = client.get(page.url)
        assert response.status_code == 200
    assert client.get(URL).json() == state(None, counted=False)
    assert not client.cookies
    assert not Visitor.objects.exists()


def test_a_yes_makes_a_visitor_and_an_opaque_guarded_cookie(client):
    response = answer(client, True)
    assert response.status_code == 200
    assert response.json() == state(True, counted=True)
    assert response["Cache-Control"] == "no-store"
    morsel = response.cookies[COOKIE]
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    assert morsel["path"] == "/"
    assert morsel["max-age"] == 180 * DAY
    assert not morsel["secure"]
    assert Visitor.objects.get().profile.views == 0
    assert client.get(URL).json()["personalization"] is True


def test_over_https_the_cookie_is_secure():
    response = Client().post(URL, {"personalization": True}, content_type="application/json", secure=True)
    assert response.cookies[COOKIE]["secure"]


def test_a_second_yes_keeps_the_visitor(client):
    answer(client, True)
    answer(client, True)
    assert Visitor.objects.count() == 1


def test_a_no_deletes_everything_at_once(client):
    answer(client, True)
    response = answer(client, False)
    assert response.json() == state(False, counted=False)
    assert response.cookies[COOKIE].value == ""
    assert response.cookies[COOKIE]["max-age"] == 0
    assert not Visitor.objects.exists()
    assert not Profile.objects.exists()
    assert not Event.objects.exists()


def test_a_no_without_a_yes_before_stores_nothing(client):
    assert answer(client, False).status_code == 200
    assert not client.cookies
    assert not Visitor.objects.exists()


@pytest.mark.parametrize(("header", "reason"), [("DNT", "dnt"), ("Sec-GPC", "gpc")])
def test_a_yes_against_the_browsers_no_is_refused_and_says_why(client, header, reason):
    response = answer(client, True, **{header: "1"})
    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert "browser" in response.json()["detail"]
    assert not client.cookies
    assert not Visitor.objects.exists()
    found = client.get(URL, headers={header: "1"}).json()
    assert found == state(False, counted=False, reason=reason)


def test_a_no_under_gpc_deletes_what_an_earlier_yes_stored(client):
    answer(client, True)
    answer(client, False, **{"Sec-GPC": "1"})
    assert not Visitor.objects.exists()


def test_a_browser_that_says_no_later_is_taken_at_its_word(client):
    answer(client, True)
    response = client.get(URL, headers={"Sec-GPC": "1"})
    assert response.json() == state(False, counted=False, reason="gpc")
    assert response.cookies[COOKIE]["max-age"] == 0
    assert not Visitor.objects.exists()


def test_a_bot_cannot_consent(client):
    response = answer(client, True, **{"User-Agent": "Googlebot/2.1"})
    assert response.status_code == 409
    assert not Visitor.objects.exists()


def test_a_signed_in_editor_is_told_that_nothing_is_counted(client):
    client.force_login(make_editor())
    assert answer(client, True).json() == {
        "analytics": True,
        "personalization": True,
        "counted": False,
        "reason": "editor",
    }
    assert client.get(URL).json() == state(True, counted=False, reason="editor")


@pytest.mark.parametrize("value", ["nonsense", "é:::", f"{uuid.UUID(int=7).hex}:1abc:forged", "x" * 4000])
def test_a_bad_cookie_is_nobody_and_dropped(client, value):
    client.cookies[COOKIE] = value
    response = client.get(URL)
    assert response.json()["personalization"] is None
    assert response.cookies[COOKIE]["max-age"] == 0


def test_a_cookie_of_a_visitor_who_is_gone_is_replaced_by_the_next_yes(client):
    client.cookies[COOKIE] = signed(uuid.uuid4())
    answer(client, True)
    assert client.cookies[COOKIE].value.startswith(Visitor.objects.get().pk.hex)


def test_the_cookie_is_dated_anew_when_it_has_aged_and_not_before(client):
    answer(client, True)
    visitor_id = Visitor.objects.get().pk
    assert COOKIE not in client.get(URL).cookies
    client.cookies[COOKIE] = signed(visitor_id, age=8 * DAY)
    renewed = client.get(URL).cookies[COOKIE]
    assert renewed.value.startswith(visitor_id.hex)


def test_an_expired_cookie_is_nobody(client):
    answer(client, True)
    client.cookies[COOKIE] = signed(Visitor.objects.get().pk, age=181 * DAY)
    assert client.get(URL).json()["personalization"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "personalization"),
        ({"personalization": None}, "personalization"),
        ({"personalization": "yes"}, "personalization"),
        ({"personalization": 1}, "personalization"),
        ({"personalization": [True]}, "personalization"),
    ],
)
def test_a_bad_answer_names_the_field(client, body, field):
    response = client.post(URL, body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field
    assert not Visitor.objects.exists()


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b"\x00", b'"yes"', b"\xff\xfe", b"[" * 50_000, b'{"a": NaN}'])
def test_a_broken_body_is_a_problem(client, body):
    response = client.generic("POST", URL, body, content_type="application/json")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://blog.testserver", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_another_origin_cannot_answer_for_the_reader(client, headers):
    answer(client, True)
    response = answer(client, False, **headers)
    assert response.status_code == 403
    assert Visitor.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "http://testserver"},
        {"Origin": "https://www.example.org", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://a.example.net"},
        {},
    ],
)
def test_our_own_and_trusted_origins_may(client, headers, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://www.example.org", "https://*.example.net"]
    assert answer(client, True, **headers).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_what_a_form_of_another_site_could_send_is_refused(client, content_type):
    response = client.generic("POST", URL, b'{"personalization": true}', content_type=content_type)
    assert response.status_code == 415
    assert not Visitor.objects.exists()


def test_answers_are_throttled(client, settings):
    settings.WAGTAIL_PERSONALIZATION = {"CONSENT_RATE": "2/min"}
    assert [client.get(URL).status_code for _ in range(3)] == [200, 200, 429]


def test_cookie_names_come_from_settings(client, settings):
    settings.WAGTAIL_PERSONALIZATION = {"COOKIE_NAME": "reader"}
    answer(client, True)
    assert list(client.cookies) == ["reader"]
