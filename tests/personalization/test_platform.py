"""The site's own consent platform: what it says goes, on every request and at once."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest

from personalization.models import Event, Profile, Visitor
from tests.factories import make_article, make_editor, make_site

pytestmark = pytest.mark.django_db
CONSENT = "/api/personalization/v1/consent/"
EVENTS = "/api/personalization/v1/events/"
BOTH = {"analytics": True, "personalization": True}
STATISTICS = {"analytics": True, "personalization": False}
NOTHING = {"analytics": False, "personalization": False}


class CookiePlatform:
    """Reads `cmp=analytics.personalization`, as a consent platform's own script may write it."""

    def purposes(self, request):
        said = request.COOKIES.get("cmp")
        return None if said is None else {*said.split("."), "marketing"} - {""}


def says_nothing(request):
    return None


@pytest.fixture(autouse=True)
def _platform(settings):
    path = f"{__name__}.CookiePlatform"
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "CONSENT_BACKEND": path}


@pytest.fixture
def page():
    return make_article(make_site("testserver"))


def choose(client, purposes):
    return client.put(CONSENT, purposes, content_type="application/json")


def read(client, page):
    event = {"event_id": str(uuid.uuid4()), "kind": "view", "page": page.pk}
    return client.post(EVENTS, {"events": [event]}, content_type="application/json")


def test_what_it_grants_is_taken_up_when_the_browser_next_asks(client):
    client.cookies["cmp"] = "analytics"
    assert client.get(CONSENT).json() == {**STATISTICS, "counted": True, "reason": ""}
    assert Visitor.objects.get().purposes == ["analytics"]
    client.cookies["cmp"] = "analytics.personalization"
    assert client.get(CONSENT).json() == {**BOTH, "counted": True, "reason": ""}
    assert Profile.objects.count() == 1


def test_what_it_takes_back_ends_with_the_next_request_whatever_it_is(client, page):
    client.cookies["cmp"] = "analytics.personalization"
    client.get(CONSENT)
    client.cookies["cmp"] = ""
    assert read(client, page).status_code == 204
    assert not Event.objects.exists()
    assert client.get(CONSENT).json() == {**NOTHING, "counted": False, "reason": "platform"}
    assert not Visitor.objects.exists()


def test_one_purpose_taken_back_ends_before_the_next_event_is_written(client, page):
    client.cookies["cmp"] = "analytics.personalization"
    client.get(CONSENT)
    client.cookies["cmp"] = "analytics"
    assert read(client, page).status_code == 202
    assert Event.objects.get().is_folded
    assert not Profile.objects.exists()
    assert client.get(CONSENT).json() == {**STATISTICS, "counted": True, "reason": ""}


def test_where_it_does_not_say_what_the_reader_said_holds(client):
    assert client.get(CONSENT).json()["analytics"] is None
    assert choose(client, BOTH).json()["personalization"] is True
    assert Visitor.objects.count() == 1


def test_nobody_can_grant_more_than_it_allows(client):
    client.cookies["cmp"] = "analytics"
    assert choose(client, BOTH).json() == {**STATISTICS, "counted": True, "reason": ""}
    client.cookies["cmp"] = ""
    response = choose(client, BOTH)
    assert response.status_code == 409
    assert "consent platform" in response.json()["detail"]


def test_purposes_it_knows_and_we_do_not_mean_nothing_here(client):
    client.cookies["cmp"] = "marketing"
    assert client.get(CONSENT).json()["reason"] == "platform"


@pytest.mark.parametrize("headers", [{"Sec-GPC": "1"}, {"DNT": "1"}, {"User-Agent": "Googlebot/2.1"}])
def test_the_browsers_no_and_a_robot_come_before_it(client, headers):
    client.cookies["cmp"] = "analytics.personalization"
    assert client.get(CONSENT, headers=headers).json()["counted"] is False
    assert not Visitor.objects.exists()


def test_an_editor_is_not_made_a_visitor_by_it(client):
    client.force_login(make_editor())
    client.cookies["cmp"] = "analytics.personalization"
    client.get(CONSENT)
    assert not Visitor.objects.exists()


def test_a_function_will_do(client, settings):
    settings.WAGTAIL_PERSONALIZATION = {"CONSENT_BACKEND": f"{__name__}.says_nothing"}
    client.cookies["cmp"] = ""
    assert client.get(CONSENT).json()["reason"] == ""


def test_an_answer_that_it_allows_nothing_of_changes_nothing(client):
    client.cookies["cmp"] = "analytics"
    client.get(CONSENT)
    assert choose(client, {"analytics": False, "personalization": True}).status_code == 409
    assert Visitor.objects.get().purposes == ["analytics"]


@pytest.mark.parametrize(
    ("cookie", "purposes"),
    [
        (None, set()),
        ("0", set()),
        ("-1", None),
        ("{stamp:'x',necessary:true,preferences:false,statistics:true,marketing:true,ver:1}", {"analytics"}),
        ("{stamp:'x',necessary:true,preferences:true,statistics:true}", {"analytics", "personalization"}),
    ],
)
def test_the_recipe_in_the_docs_reads_its_cookie(rf, cookie, purposes):
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text()
    recipe: dict = {}
    exec(re.search(r"```python\n(from urllib.*?)```", page, re.S)[1], recipe)
    request = rf.get("/")
    if cookie:
        request.COOKIES["CookieConsent"] = quote(cookie)
    assert recipe["purposes"](request) == purposes
