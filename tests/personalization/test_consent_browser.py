"""The banner on the reference site, in headless Chromium and down to the database's rows."""

from __future__ import annotations

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from personalization import tasks
from personalization.models import Event, PageCounter, Placement, Profile, ServedSlate, Visitor
from tests.browsing import leave_in_silence
from tests.factories import make_article, make_site

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

SIZES = [
    pytest.param({"width": 1280, "height": 900}, id="desktop"),
    pytest.param({"width": 390, "height": 780}, id="phone"),
]


@pytest.fixture(params=SIZES)
def reader(request, chromium, live_server):
    """A reader before an article that lists others."""
    site = make_site()
    Placement.objects.create(name="sidebar")
    Placement.objects.create(name="read-next")
    articles = [make_article(site) for _ in range(3)]
    context = chromium.new_context(viewport=request.param)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.articles = [live_server.url + article.url for article in articles]
    page.goto(page.articles[0])
    yield page
    leave_in_silence(page)


@pytest.fixture
def banner(reader):
    return reader.get_by_role("region", name="May we remember what you read?")


def rows():
    return {model.__name__: model.objects.count() for model in (Visitor, Profile, Event, ServedSlate, PageCounter)}


def in_browser(reader):
    """What the browser keeps: cookies, and what lies in both storages."""
    storages = reader.evaluate("[{...localStorage}, {...sessionStorage}]")
    return [cookie["name"] for cookie in reader.context.cookies()], *storages


def eventually(is_so):
    for _ in range(50):
        if is_so():
            return
        time.sleep(0.2)
    pytest.fail("It never came to be.")


def test_before_an_answer_nothing_is_stored_anywhere(reader, banner):
    expect(banner).to_be_visible()
    reader.goto(reader.articles[1])
    expect(banner).to_be_visible()
    assert in_browser(reader) == ([], {}, {})
    assert not any(rows().values())


def test_only_necessary_stores_nothing_and_does_not_ask_again(reader, banner):
    banner.get_by_role("button", name="Only necessary").click()
    expect(banner).to_be_hidden()
    reader.goto(reader.articles[1])
    reader.wait_for_timeout(2500)
    expect(banner).to_be_hidden()
    cookies, local, session = in_browser(reader)
    assert (cookies, local) == ([], {})
    # The no itself, until the tab closes: without it the banner would ask on every page.
    assert session == {"affinity": '{"analytics":false,"personalization":false,"counted":false,"reason":""}'}
    assert not any(rows().values())


def test_statistics_alone_are_counted_without_a_profile(reader, banner):
    banner.get_by_role("button", name="Choose").click()
    statistics, recommendations = banner.get_by_role("checkbox").all()
    expect(statistics).to_be_focused()
    expect(statistics).not_to_be_checked()
    expect(recommendations).not_to_be_checked()
    expect(statistics).to_have_accessible_name("Statistics")
    expect(statistics).to_have_accessible_description(re.compile("No profile is made of you"))
    reader.keyboard.press("Space")
    banner.get_by_role("button", name="Save my choice").click()
    expect(banner).to_be_hidden()
    eventually(lambda: Event.objects.filter(kind="view").exists())
    assert Visitor.objects.get().purposes == ["analytics"]
    tasks.fold_leftovers()
    found = rows()
    assert (found["Visitor"], found["Profile"], found["ServedSlate"], found["PageCounter"]) == (1, 0, 0, 1)


def test_accepting_all_makes_a_profile_of_what_is_read_and_taking_it_back_deletes_it(reader, banner):
    banner.get_by_role("button", name="Accept all").click()
    expect(banner).to_be_hidden()
    eventually(lambda: Event.objects.filter(kind="view").exists())
    visitor_id = Visitor.objects.get().pk
    tasks.fold_profile(str(visitor_id))
    assert Profile.objects.get().views == 1
    assert in_browser(reader)[0] == ["affinity_visitor"]
    reader.goto(reader.articles[1])
    reader.get_by_role("button", name="Privacy settings").click()
    expect(banner).to_be_focused()
    expect(banner.get_by_text("You accepted both.")).to_be_visible()
    banner.get_by_role("button", name="Choose").click()
    banner.get_by_role("checkbox", name="Personal recommendations").uncheck()
    banner.get_by_role("button", name="Save my choice").click()
    expect(reader.get_by_role("button", name="Privacy settings")).to_be_focused()
    assert (Visitor.objects.get().purposes, Profile.objects.count()) == (["analytics"], 0)
    reader.keyboard.press("Enter")
    banner.get_by_role("button", name="Only necessary").click()
    expect(banner).to_be_hidden()
    reader.wait_for_timeout(500)
    assert in_browser(reader)[:2] == ([], {})
    found = rows()
    assert (found["Visitor"], found["Profile"], found["Event"], found["ServedSlate"]) == (0, 0, 0, 0)


def test_the_keyboard_alone_will_do(reader, banner):
    opener = reader.get_by_role("button", name="Privacy settings")
    opener.focus()
    reader.keyboard.press("Enter")
    expect(banner).to_be_focused()
    for name in ("Only necessary", "Accept all", "Choose"):
        reader.keyboard.press("Tab")
        expect(banner.get_by_role("button", name=name)).to_be_focused()
    expect(banner.get_by_role("button", name="Choose")).to_have_attribute("aria-expanded", "false")
    reader.keyboard.press("Enter")
    expect(banner.get_by_role("checkbox", name="Statistics")).to_be_focused()
    expect(banner.get_by_role("button", name="Choose")).to_have_attribute("aria-expanded", "true")
    reader.keyboard.press("Escape")
    expect(banner).to_be_hidden()
    expect(opener).to_be_focused()
    assert not any(rows().values())


def test_a_no_is_as_easy_as_a_yes(reader, banner):
    no, yes = (banner.get_by_role("button", name=name) for name in ("Only necessary", "Accept all"))
    assert [no.bounding_box()[side] for side in ("y", "width", "height")] == [
        yes.bounding_box()[side] for side in ("y", "width", "height")
    ]
    look = (
        "button => ['color', 'backgroundColor', 'fontSize', 'fontWeight'].map((name) => getComputedStyle(button)[name])"
    )
    assert no.evaluate(look) == yes.evaluate(look)


def test_axe_finds_nothing_in_the_banner_and_it_fits(reader, banner):
    banner.get_by_role("button", name="Choose").click()
    found = Axe().run(reader, context="[data-affinity-consent]")
    assert found.response["violations"] == [], found.generate_report()
    width = reader.viewport_size["width"]
    assert reader.evaluate("document.documentElement.scrollWidth") <= width
    box = banner.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def test_what_was_saved_is_said(reader, banner):
    banner.get_by_role("button", name="Only necessary").click()
    expect(reader.get_by_role("status").filter(has_text="Your choice is saved.")).to_have_count(1)
