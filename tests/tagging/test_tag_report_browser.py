"""The tag report in a real browser: merge and undo by keyboard, a long merge that goes on by itself, accessibility."""

import os
from pathlib import Path
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect
from taggit.models import Tag
from wagtail.users.models import UserProfile

from tagging import operations, tasks
from tagging.models import MissingTopic, TagMerge, Topic
from tests.factories import make_article, make_editor, make_site, make_topic, make_vector

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning"),
]

URL = "/admin/affinity/tags/"


@pytest.fixture
def editor():
    return make_editor("ines")


@pytest.fixture
def browser_page(live_server, chromium, editor):
    """A page of Chromium in which the editor is logged in."""
    client = Client()
    client.force_login(editor)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    yield context.new_page()
    context.close()


@pytest.fixture
def site():
    return make_site()


def tagged(site, title, *names):
    page = make_article(site, title, publish=False)
    page.tags.add(*(Tag.objects.get_or_create(name=name)[0] for name in names))
    page.save_revision().publish()
    return page


def at_once(task, *arguments):
    """In the place of a broker and its worker: questions are answered before they are asked for."""
    if task is tasks.answer:
        operations.answer(UUID(*arguments))
    return True


def check(browser_page, name):
    """Both widths: no horizontal scrolling, nothing that axe objects to."""
    for width in (1280, 390):
        browser_page.set_viewport_size({"width": width, "height": 900})
        violations = Axe().run(browser_page, context=".affinity-tags").response["violations"]
        assert [(v["id"], [node["html"] for node in v["nodes"]][:2]) for v in violations] == []
        assert browser_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        if folder := os.environ.get("AFFINITY_SCREENSHOTS"):
            browser_page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=True)


def live_tags(page):
    return sorted(type(page).objects.get(pk=page.pk).tags.names())


def test_merge_undo_and_ignore_by_keyboard(browser_page, live_server, site):
    lost = tagged(site, "Open data in practice", "open-data")
    for number in range(2):
        tagged(site, f"Data for all {number}", "Open data")
    browser_page.goto(live_server.url + URL)
    finding = browser_page.locator(".affinity-finding")
    expect(finding.get_by_role("radio", name="Open data")).to_be_checked()
    finding.get_by_role("button", name="Merge into the chosen tag").press("Enter")
    expect(browser_page.locator(".messages")).to_contain_text("Merged “open-data” into “Open data”.")
    expect(browser_page.get_by_text("Your tags are tidy.")).to_be_visible()
    assert live_tags(lost) == ["Open data"]

    browser_page.get_by_role("button", name="Undo: bring “open-data” back").press("Enter")
    expect(browser_page.locator(".messages")).to_contain_text("“open-data” is back.")
    assert live_tags(lost) == ["open-data"]

    browser_page.get_by_role("button", name="Ignore").press("Enter")
    expect(browser_page.get_by_text("Your tags are tidy.")).to_be_visible()
    browser_page.get_by_role("link", name="1 ignored finding").click()
    browser_page.get_by_role("button", name="Show again").click()
    expect(browser_page.get_by_text("Nothing here any more.")).to_be_visible()
    browser_page.get_by_role("link", name="All findings").click()
    expect(finding).to_have_count(1)


def test_a_long_merge_goes_on_by_itself(browser_page, live_server, site, monkeypatch):
    monkeypatch.setattr("tagging.operations.tag_merges.step_merge.__defaults__", (1,))
    pages = [tagged(site, f"Page {number}", "policy") for number in range(4)]
    for number in range(5):
        tagged(site, f"Other {number}", "policies")
    browser_page.goto(live_server.url + URL)
    browser_page.get_by_role("button", name="Merge into the chosen tag").click()
    expect(browser_page.get_by_text("was merged into “policies” on 4 pages")).to_be_visible(timeout=30_000)
    assert all(live_tags(page) == ["policies"] for page in pages)
    assert TagMerge.objects.get().state == TagMerge.State.MERGED


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_and_a_phone_are_accessible(browser_page, live_server, site, editor, theme):
    UserProfile.objects.update_or_create(user=editor, defaults={"theme": theme})
    make_topic("User experience", synonyms=["UX"])
    tagged(site, "The bridge is closed to cars until spring", "Open data", "UX", "accessibility", "Café")
    tagged(site, "Herons on the weir", "Open data", "OPEN DATA", "User experience", "cafe")
    tagged(site, "What the river carries", "open-data", "acessibility")
    for name in ("Old campaign", "Test", "misc 2"):
        Tag.objects.create(name=name)
    browser_page.goto(live_server.url + URL)
    browser_page.get_by_role("button", name="Merge into the chosen tag").nth(1).click()
    expect(browser_page.locator(".messages")).to_contain_text("Merged")
    check(browser_page, f"tags-{theme}")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_missing_topic_is_found_dismissed_and_created(browser_page, live_server, site, editor, theme, monkeypatch):
    pytest.importorskip("sklearn.cluster")  # takes its time, once
    monkeypatch.setattr(tasks._broker, "send", at_once)
    UserProfile.objects.update_or_create(user=editor, defaults={"theme": theme})
    for number in range(5):
        body = "Herons and kingfishers fished below the weir in cold water."
        make_vector(make_article(site, f"Birds of the weir {number}", body=body), 1, number / 20, 0)
        make_vector(make_article(site, f"At the opera {number}", body="The soprano sang."), number / 20, 1, 0)
    browser_page.goto(live_server.url + "/admin/affinity/missing-topics/")
    expect(browser_page.get_by_text("Nothing is missing")).to_be_visible()
    browser_page.get_by_role("button", name="Look again now").press("Enter")
    groups = browser_page.locator(".affinity-finding:visible")
    expect(groups).to_have_count(2, timeout=60_000)
    check(browser_page, f"missing-{theme}")
    groups.filter(has_text="At the opera").get_by_role("button", name="Dismiss").click()
    expect(browser_page.get_by_role("button", name="Undo")).to_be_visible()
    expect(groups).to_have_count(1)
    browser_page.get_by_role("link", name="Create topic").click()
    browser_page.get_by_role("button", name="Create").click()
    expect(browser_page.locator(".messages")).to_contain_text("created")
    assert Topic.objects.get().name in " ".join(MissingTopic.objects.get(is_dismissed=False).terms).capitalize()
