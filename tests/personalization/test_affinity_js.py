"""affinity.js in a real browser, against a page and endpoints that answer as ours do."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Page, Route, expect, sync_playwright

from tests.factories import make_article, make_private, make_site
from tests.missing import require

SITE = "http://site.test"
GRANTED = {"analytics": True, "personalization": True, "counted": True, "reason": ""}
UNKNOWN = {"analytics": None, "personalization": None, "counted": False, "reason": ""}
REFUSED = {"analytics": False, "personalization": False, "counted": False, "reason": "gpc"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
SLATE = "11111111-1111-4111-8111-111111111111"

PAGE = """<!doctype html><html lang="en"><title>An article</title><body>
<h1>An article</h1>
<div data-affinity-placement="sidebar" data-affinity-slate="{slate}" {fragment}>
<ul><li data-affinity-item="7" data-affinity-position="0"><a href="/next/">Next</a></li></ul></div>
<svg width="10" height="4000"></svg>
<div data-affinity-placement="below" {below}><p data-affinity-item="8"><a href="/other/">Other</a></p></div>
<button data-affinity-consent-open>Privacy choices</button>
{tag}</body></html>"""
FRAGMENT = f"""<div data-affinity-placement="sidebar" data-affinity-slate="{SLATE}">
<ul><li data-affinity-item="9" data-affinity-position="0"><a href="/mine/">Mine</a></li></ul></div>"""


def static(name: str) -> bytes:
    return Path(finders.find(f"personalization/{name}")).read_bytes()


def test_the_script_is_small():
    assert len(gzip.compress(static("affinity.js"), 9)) <= 4096


@pytest.fixture(scope="module")
def chromium():
    path = require("chromium", "apt-get install chromium")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


class Site:
    """A site of one page that keeps what the script sends."""

    def __init__(self, page: Page, state: dict) -> None:
        self.page, self.state = page, state
        self.events: list[dict] = []
        self.refused: list[dict] = []
        self.asked: list[str] = []
        self.fragments: list[str] = []
        self.fragment = self.below = ""
        self.refuses_events = 0
        self.refusal: dict = {"status": 503}
        page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        request, path = route.request, urlsplit(route.request.url).path
        if path.startswith("/static/"):
            kind = "text/css" if path.endswith("css") else "text/javascript"
            return route.fulfill(body=static(Path(path).name), content_type=kind)
        if path.endswith("/consent/"):
            self.asked.append(request.method)
            if request.method == "POST":
                said = request.post_data_json
                self.state = {**said, "counted": any(said.values()), "reason": ""}
            return route.fulfill(json=self.state)
        if path.endswith("/events/"):
            if self.refuses_events:
                self.refuses_events -= 1
                self.refused += json.loads(request.post_data_buffer)["events"]
                return route.fulfill(**self.refusal)
            assert request.headers["content-type"] == "application/json"
            self.events += json.loads(request.post_data_buffer)["events"]
            return route.fulfill(status=202, json={"recorded": 1})
        if path.startswith("/fragment/"):
            self.fragments.append(request.url)
            return route.fulfill(body=FRAGMENT, content_type="text/html")
        body = PAGE.format(tag=tag(), slate=SLATE, fragment=self.fragment, below=self.below)
        return route.fulfill(body=body, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event["kind"] == kind]

    def open(self, path: str = "/") -> None:
        self.page.goto(SITE + path)

    def hide(self) -> None:
        """What the browser does when the reader turns to another tab."""
        self.page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )


def tag(page_id: int = 5) -> str:
    urls = {"consent_url": "/api/consent/", "events_url": "/api/events/"}
    return render_to_string("personalization/consent_banner.html", {**urls, "banner": True, "page_id": page_id})


@pytest.fixture
def visit(chromium):
    contexts = []

    def visit(state: dict) -> Site:
        contexts.append(chromium.new_context(viewport={"width": 800, "height": 600}))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        return Site(page, state)

    yield visit
    for context in contexts:
        # What a page sends as it goes meets a handler without a page: Playwright would complain in a later test.
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.close()


def stored(page: Page) -> tuple[list, int]:
    return page.context.cookies(), page.evaluate("localStorage.length")


@pytest.mark.browser
def test_without_consent_it_sends_and_keeps_nothing(visit):
    site = visit(UNKNOWN)
    site.open()
    expect(site.page.get_by_role("region", name="May we remember")).to_be_visible()
    site.page.wait_for_timeout(1500)
    site.hide()
    assert site.events == []
    assert stored(site.page) == ([], 0)


@pytest.mark.browser
def test_a_no_is_remembered_for_the_session_only_and_the_choice_opens_again(visit):
    site = visit(UNKNOWN)
    site.open()
    site.page.get_by_role("button", name="Only necessary").click()
    banner = site.page.get_by_role("region", name="May we remember")
    expect(banner).to_be_hidden()
    site.open("/second/")
    expect(banner).to_be_hidden()
    assert site.asked == ["GET", "POST"]
    assert stored(site.page) == ([], 0)
    opener = site.page.get_by_role("button", name="Privacy choices")
    opener.click()
    expect(banner).to_be_focused()
    expect(banner.get_by_text("You said no.")).to_be_visible()
    site.page.keyboard.press("Escape")
    expect(banner).to_be_hidden()
    expect(opener).to_be_focused()
    assert site.events == []


@pytest.mark.browser
def test_the_browsers_no_is_followed_and_explained(visit):
    site = visit(REFUSED)
    site.open()
    site.page.wait_for_timeout(300)
    banner = site.page.get_by_role("region", name="May we remember")
    expect(banner).to_be_hidden()
    site.page.get_by_role("button", name="Privacy choices").click()
    expect(banner.get_by_text("Global Privacy Control")).to_be_visible()
    expect(banner.get_by_role("button", name="Accept all")).to_be_hidden()


@pytest.mark.browser
def test_a_yes_starts_counting_and_brings_the_readers_own_list(visit):
    site = visit(UNKNOWN)
    site.fragment = 'data-affinity-fragment="/fragment/?page=5" data-affinity-query="edition a%20b"'
    site.open("/?utm_source=news&secret=1&Edition=print")
    assert site.fragments == []
    site.page.get_by_role("button", name="Accept all").click()
    expect(site.page.get_by_role("link", name="Mine")).to_be_visible()
    site.page.wait_for_timeout(500)
    assert [event["page"] for event in site.of("view")] == [5]
    assert site.of("view")[0]["utm"] == {"source": "news"}
    assert site.of("view")[0]["referrer"] == ""
    assert parse_qs(urlsplit(site.fragments[0]).query) == {
        "page": ["5"],
        "utm_source": ["news"],
        "query": ["Edition=print"],
    }
    site.page.evaluate("affinity.consent({personalization: false})")
    site.page.wait_for_timeout(300)
    assert len(site.fragments) == 2


@pytest.mark.browser
def test_each_list_asks_for_what_no_list_above_it_shows(visit):
    site = visit(GRANTED)
    site.fragment = 'data-affinity-fragment="/fragment/?exclude=3"'
    site.below = 'data-affinity-fragment="/fragment/?n=2"'
    site.open()
    expect(site.page.get_by_role("link", name="Mine")).to_have_count(2)
    assert [parse_qs(urlsplit(url).query)["exclude"] for url in site.fragments] == [["3"], [",9"]]


@pytest.mark.browser
def test_a_reader_is_asked_once_a_session(visit):
    site = visit(GRANTED)
    site.open()
    site.page.wait_for_timeout(500)
    site.open("/second/")
    site.page.wait_for_timeout(500)
    assert site.asked == ["GET"]
    assert len(site.of("view")) == 2


@pytest.mark.browser
def test_an_impression_is_an_item_half_visible_for_a_second(visit):
    site = visit(GRANTED)
    site.open()
    site.page.wait_for_timeout(700)
    site.hide()
    assert site.of("impression") == []
    site.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    site.page.reload()
    site.page.wait_for_timeout(1300)
    site.hide()
    site.page.wait_for_timeout(200)
    (impression,) = site.of("impression")
    assert {key: impression[key] for key in ("page", "slate", "placement", "position")} == {
        "page": 7,
        "slate": SLATE,
        "placement": "sidebar",
        "position": 0,
    }


@pytest.mark.browser
def test_dwell_is_visible_time_and_scroll_the_depth_reached(visit):
    site = visit(GRANTED)
    site.open()
    site.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    site.page.wait_for_timeout(1200)
    site.hide()
    site.page.wait_for_timeout(1500)
    site.page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    site.page.wait_for_timeout(1200)
    site.hide()
    site.page.wait_for_timeout(200)
    dwells = [event["value"] for event in site.of("dwell")]
    assert len(dwells) == 2
    assert all(1.1 < seconds < 2.2 for seconds in dwells)
    (scroll,) = site.of("scroll")
    assert scroll["value"] == pytest.approx(1, abs=0.01)


@pytest.mark.browser
def test_a_click_on_an_item_is_sent_before_the_page_is_left(visit):
    site = visit(GRANTED)
    site.open()
    site.page.wait_for_timeout(300)
    site.page.get_by_role("link", name="Next").click()
    site.page.wait_for_url("**/next/")
    site.page.wait_for_timeout(300)
    (click,) = site.of("click")
    assert (click["page"], click["slate"], click["position"]) == (7, SLATE, 0)


@pytest.mark.browser
def test_what_could_not_be_sent_is_sent_again_with_the_same_ids(visit):
    site = visit(GRANTED)
    site.refuses_events = 1
    site.open()
    site.page.wait_for_timeout(500)
    assert site.events == []
    site.hide()
    site.page.wait_for_timeout(300)
    assert len(site.of("view")) == 1


def kept(page: Page) -> list[dict]:
    return page.evaluate("JSON.parse(localStorage.getItem('affinity.kept'))?.events || []")


def ids(events: list[dict]) -> list[str]:
    return [event["event_id"] for event in events]


@pytest.mark.browser
def test_what_the_site_cannot_take_waits_as_long_as_it_says_and_for_the_next_page(visit):
    site = visit(GRANTED)
    site.refuses_events, site.refusal = 1, {"status": 503, "headers": {"Retry-After": "3"}}
    site.open()
    site.page.wait_for_timeout(500)
    site.hide()
    assert ids(kept(site.page))[0] == site.refused[0]["event_id"]
    site.open("/second/")
    site.page.wait_for_timeout(1000)
    assert site.events == []
    site.page.wait_for_timeout(2500)
    assert ids(site.events)[0] == site.refused[0]["event_id"]
    assert len(set(ids(site.events))) == len(site.events)
    assert len(site.of("view")) == 2
    assert site.of("view")[0]["age_ms"] > 2500
    assert kept(site.page) == []


@pytest.mark.browser
@pytest.mark.parametrize("refusal", [{"status": 429, "headers": {"Retry-After": "1"}}, {"status": 502}])
def test_a_throttle_and_a_broken_proxy_are_waited_for_too(visit, refusal):
    site = visit(GRANTED)
    site.refuses_events, site.refusal = 1, refusal
    site.open()
    site.page.wait_for_timeout(500)
    assert site.events == []
    site.page.wait_for_timeout(3000)
    assert ids(site.of("view")) == ids(site.refused)


@pytest.mark.browser
def test_a_network_that_is_gone_is_waited_for_and_longer_each_time(visit):
    site = visit(GRANTED)
    site.page.route("**/events/", lambda route: route.abort())
    site.open()
    site.page.wait_for_timeout(5000)
    record = site.page.evaluate("JSON.parse(localStorage.getItem('affinity.kept'))")
    assert record["tries"] == 2
    site.page.unroute("**/events/")
    site.page.wait_for_timeout(5000)
    assert len(site.of("view")) == 1


@pytest.mark.browser
def test_a_no_deletes_what_was_kept(visit):
    site = visit(GRANTED)
    site.refuses_events, site.refusal = 99, {"status": 503, "headers": {"Retry-After": "60"}}
    site.open()
    site.page.wait_for_timeout(500)
    assert len(kept(site.page)) == 1
    site.page.evaluate("affinity.consent({personalization: false})")
    site.page.wait_for_timeout(300)
    assert site.page.evaluate("localStorage.length") == 0
    site.hide()
    assert site.page.evaluate("localStorage.length") == 0


@pytest.mark.browser
def test_what_was_kept_is_deleted_where_consent_is_gone(visit):
    site = visit(UNKNOWN)
    site.open()
    site.page.evaluate('localStorage.setItem(\'affinity.kept\', \'{"events": [{"event_id": "x"}]}\')')
    site.open("/second/")
    site.page.wait_for_timeout(500)
    assert site.page.evaluate("localStorage.length") == 0
    assert site.events == []


@pytest.mark.browser
def test_no_more_is_kept_than_fits_and_the_newest_stay(visit):
    site = visit(GRANTED)
    site.refuses_events, site.refusal = 99, {"status": 503, "headers": {"Retry-After": "60"}}
    site.open()
    site.page.wait_for_timeout(500)
    site.page.evaluate("for (let i = 1; i <= 1000; i++) affinity.track('click', i, {placement: 'x'.repeat(50)})")
    site.hide()
    waiting = kept(site.page)
    assert 200 <= len(waiting) <= 300
    assert [event["page"] for event in waiting if event["kind"] == "click"][-1] == 1000
    assert len(site.page.evaluate("localStorage.getItem('affinity.kept')")) <= 60_000


@pytest.mark.browser
def test_two_tabs_do_not_send_the_same_twice(visit):
    site = visit(GRANTED)
    site.refuses_events, site.refusal = 1, {"status": 503, "headers": {"Retry-After": "2"}}
    site.open()
    site.page.wait_for_timeout(500)
    second = Site(site.page.context.new_page(), GRANTED)
    second.open("/second/")
    site.page.wait_for_timeout(4500)
    views = ids(site.of("view") + second.of("view"))
    assert len(views) == len(set(views)) == 2
    assert kept(site.page) == []


@pytest.mark.django_db
def test_the_tag_names_a_public_page_only_and_is_silent_in_a_preview():
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    page = make_article(make_site())
    template = Template("{% load personalization_tags %}{% affinity_consent %}")

    def render(**attributes):
        for name, value in attributes.items():
            setattr(request, name, value)
        return template.render(Context({"request": request, "page": page}))

    html = render()
    assert f'data-page="{page.pk}"' in html
    assert 'data-consent-url="/api/personalization/v1/consent/"' in html
    assert "<script>" not in html
    assert "style=" not in html
    make_private(page)
    assert "data-page" not in render()
    assert "<script" not in render(is_preview=True)


@pytest.mark.django_db
def test_the_tag_is_the_same_for_everybody_and_may_leave_the_banner_out():
    template = Template("{% load personalization_tags %}{% affinity_consent banner=False %}")
    html = template.render(Context({}))
    assert "affinity.js" in html
    assert "consent-banner" not in html


@pytest.mark.browser
def test_a_consent_platform_drives_it_and_hears_of_each_change(visit):
    site = visit(UNKNOWN)
    site.open()
    site.page.evaluate("document.addEventListener('affinity:consent', ({detail}) => (window.heard = detail))")
    said = site.page.evaluate("affinity.consent({analytics: true, personalization: false})")
    assert said == site.page.evaluate("window.heard") == {**said, "analytics": True, "personalization": False}
    site.page.wait_for_timeout(500)
    assert len(site.of("view")) == 1
    site.page.evaluate("affinity.consent({analytics: true, personalization: true})")
    site.page.wait_for_timeout(500)
    assert len(site.of("view")) == 1
    site.page.evaluate("affinity.consent({})")
    assert site.page.evaluate("window.heard.counted") is False


@pytest.mark.django_db
def test_the_banner_and_its_button_go_where_a_platform_asks(settings):
    template = Template('{% load personalization_tags %}{% privacy_settings "Your data" %}{% affinity_consent %}')
    html = template.render(Context({}))
    assert "data-affinity-consent-open>Your data</button>" in html
    assert "consent-banner.js" in html
    settings.WAGTAIL_PERSONALIZATION = {"CONSENT_BANNER": False}
    html = template.render(Context({}))
    assert "affinity.js" in html
    assert "button" not in html
    assert "consent-banner" not in html
