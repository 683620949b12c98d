"""The side panel in a real browser: decisions beside an open form, autosave, and polling, without a reload."""

import os
import subprocess
import sys
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect
from wagtail.users.models import UserProfile

from tagging import tasks
from tagging.models import Inquiry, PageAnalysis, Suggestion
from tests.factories import article_index, make_article, make_editor, make_site, make_topic
from tests.story.deployment import with_database

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture
def browser_page(live_server, chromium):
    """A page of Chromium in which an editor is logged in."""
    client = Client()
    client.force_login(make_editor("ines"))
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    yield context.new_page()
    context.close()


@pytest.fixture
def worker(live_server, tmp_path):
    """A real Celery worker on the test's database and queue, which has said that it is ready.

    Kombu makes the folder's list of queues as an empty file and fills it then: who sends in between finds no JSON.
    """
    environment = {
        **os.environ,
        "DATABASE_URL": with_database(settings.DATABASE_URL, connection.settings_dict["NAME"]),
        "DJANGO_SETTINGS_MODULE": "tests.worker_settings",
    }
    command = [sys.executable, "-m", "celery", "-A", "cms_site", "worker", "--pool=solo", "--loglevel=INFO"]
    with (tmp_path / "worker.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    wait_until_ready(process, tmp_path / "worker.log")
    yield process
    process.terminate()
    process.wait(30)


def wait_until_ready(process, log, seconds=60):
    until = time.monotonic() + seconds
    while b" ready." not in log.read_bytes():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


@pytest.fixture
def article():
    page = make_article(make_site(), "The bridge")
    PageAnalysis.objects.filter(page=page).update(state=PageAnalysis.State.DONE)
    return page


def suggest(page, name, score):
    topic = make_topic(name)
    return Suggestion.objects.create(page=page, topic=topic, state="suggested", score=score, source="vector")


def open_panel(browser_page, live_server, article):
    browser_page.goto(live_server.url + reverse("wagtailadmin_pages:edit", args=[article.pk]))
    browser_page.locator("[data-side-panel-toggle=content-analysis]").click()
    panel = browser_page.locator("[data-side-panel=content-analysis]")
    expect(panel).to_be_visible()
    return panel


def wait_until_watched(browser_page):
    """Wagtail's form takes what it holds after two seconds for unchanged."""
    browser_page.wait_for_timeout(2500)


def draft(article):
    article.refresh_from_db()
    return article.get_latest_revision_as_object()


def tags(article):
    return sorted(tag.name for tag in draft(article).tags.all())


def counter(browser_page):
    return browser_page.locator("[data-side-panel-toggle=content-analysis] [data-side-panel-toggle-counter]")


def test_an_accepted_topic_survives_what_the_open_form_saves(browser_page, live_server, article):
    for name, score in (("River floods", 0.66), ("Bridges", 0.55)):
        suggest(article, name, score)
    panel = open_panel(browser_page, live_server, article)
    wait_until_watched(browser_page)
    expect(counter(browser_page)).to_have_text("2")

    panel.get_by_role("button", name="Accept “River floods”").press("Enter")
    expect(panel.get_by_role("status")).to_have_text("Accepted “River floods”. 1 suggestion is open.")
    expect(panel.get_by_role("button", name="Accept “Bridges”")).to_be_focused()
    expect(counter(browser_page)).to_have_text("1")
    expect(browser_page.locator(".tagit-choice")).to_have_count(1)
    assert tags(article) == ["River floods"]

    title = browser_page.locator("#id_title")
    title.fill("The bridge, again")
    saved = browser_page.locator("#w-autosave-indicator[data-w-autosave-state-value=saved]")
    expect(saved).to_be_attached(timeout=15_000)
    wait_for(browser_page, lambda: draft(article).title == "The bridge, again")
    assert tags(article) == ["River floods"]

    panel.get_by_role("button", name="Undo the acceptance of “River floods”").click()
    expect(browser_page.locator(".tagit-choice")).to_have_count(0)
    wait_for(browser_page, lambda: tags(article) == [])
    browser_page.get_by_role("button", name="Save draft").first.click()
    browser_page.wait_for_load_state()
    assert tags(article) == []
    assert draft(article).title == "The bridge, again"


def test_a_decision_just_after_typing_loses_neither(browser_page, live_server, article):
    suggest(article, "Bridges", 0.6)
    panel = open_panel(browser_page, live_server, article)
    wait_until_watched(browser_page)
    browser_page.locator("#id_title").fill("Typed a moment ago")
    panel.get_by_role("button", name="Accept “Bridges”").click()
    wait_for(browser_page, lambda: draft(article).title == "Typed a moment ago" and tags(article) == ["Bridges"])
    expect(browser_page.locator("#w-autosave-indicator[data-w-autosave-state-value=paused]")).to_have_count(0)


def test_rejecting_and_allowing_again_by_keyboard(browser_page, live_server, article):
    suggestion = suggest(article, "Bridges", 0.6)
    panel = open_panel(browser_page, live_server, article)
    panel.get_by_role("button", name="Reject “Bridges”").press("Enter")
    rejected = panel.get_by_text("1 rejected topic")
    expect(rejected).to_be_visible()
    suggestion.refresh_from_db()
    assert suggestion.state == Suggestion.State.REJECTED
    rejected.press("Enter")
    panel.get_by_role("button", name="Allow “Bridges” again").press("Enter")
    expect(panel.get_by_role("button", name="Accept “Bridges”")).to_be_visible()
    assert browser_page.evaluate("document.activeElement.closest('[data-side-panel]') !== null")


def test_the_panel_shows_by_itself_what_the_worker_found(browser_page, live_server, article):
    PageAnalysis.objects.filter(page=article).update(state=PageAnalysis.State.RUNNING)
    panel = open_panel(browser_page, live_server, article)
    expect(panel.get_by_text("Being analysed")).to_be_visible()
    suggest(article, "Bridges", 0.6)
    PageAnalysis.objects.filter(page=article).update(state=PageAnalysis.State.DONE)
    expect(panel.get_by_role("button", name="Accept “Bridges”")).to_be_visible(timeout=10_000)
    expect(panel.get_by_role("status")).to_have_text("Analysed. 1 suggestion is open.")
    expect(counter(browser_page)).to_have_text("1")


def test_a_conflict_is_told_and_changes_nothing(browser_page, live_server, article):
    suggestion = suggest(article, "Bridges", 0.6)
    panel = open_panel(browser_page, live_server, article)
    type(article).objects.filter(pk=article.pk).update(locked=True, locked_by=make_editor("omar"))
    panel.get_by_role("button", name="Accept “Bridges”").click()
    expect(panel.get_by_role("alert")).to_contain_text("The page is locked")
    suggestion.refresh_from_db()
    assert suggestion.state == Suggestion.State.SUGGESTED


def test_a_topic_is_added_by_typing_with_the_keyboard_alone(browser_page, live_server, article):
    culture = make_topic("Culture")
    make_topic("Film", culture, synonyms=["movies"])
    make_topic("Microfilm")
    panel = open_panel(browser_page, live_server, article)
    field = panel.get_by_role("combobox", name="Add a topic")
    field.focus()
    browser_page.keyboard.type("movies")
    options = panel.get_by_role("option")
    expect(options).to_have_text(["Culture › Film (movies)", "Create topic “movies”…(opens in a new tab)"])
    expect(panel.get_by_text("1 topic found.")).to_be_visible()
    expect(field).to_have_attribute("aria-expanded", "true")
    browser_page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.first.get_attribute("id")
    browser_page.keyboard.press("Enter")
    expect(panel.get_by_role("status")).to_have_text("Added “Film”. 0 suggestions are open.")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(panel.get_by_role("button", name="Undo the acceptance of “Film”")).to_be_visible()
    expect(browser_page.locator(".tagit-choice")).to_have_count(1)
    assert tags(article) == ["Film"]

    panel.get_by_role("button", name="Undo", exact=True).press("Enter")
    expect(browser_page.locator(".tagit-choice")).to_have_count(0)
    wait_for(browser_page, lambda: tags(article) == [])
    assert not Suggestion.objects.exists()


def test_escape_closes_the_list_and_an_unknown_name_has_a_way_on(browser_page, live_server, article):
    make_topic("Film")
    panel = open_panel(browser_page, live_server, article)
    field = panel.get_by_role("combobox", name="Add a topic")
    field.press("ArrowDown")
    expect(panel.get_by_role("option")).to_have_text(["Film"])
    field.press("Escape")
    expect(panel.get_by_role("listbox")).to_be_hidden()
    field.press_sequentially("Opera")
    expect(panel.get_by_text("No topic is called that. You can create it.")).to_be_visible()
    field.press("ArrowUp")
    with browser_page.context.expect_page() as opened:
        field.press("Enter")
    expect(opened.value.locator("#id_name")).to_have_value("Opera")


def test_a_topic_with_a_comma_is_one_tag_in_the_form_and_stays_one(browser_page, live_server, article):
    suggest(article, "Food, drink and taste", 0.6)
    suggest(article, "Bread,butter", 0.5)
    panel = open_panel(browser_page, live_server, article)
    wait_until_watched(browser_page)
    panel.get_by_role("button", name="Accept “Food, drink and taste”").click()
    panel.get_by_role("button", name="Accept “Bread,butter”").click()
    expect(browser_page.locator(".tagit-choice")).to_have_count(2)
    wait_for(browser_page, lambda: tags(article) == ["Bread,butter", "Food, drink and taste"])
    browser_page.reload()
    wait_until_watched(browser_page)
    expect(browser_page.locator(".tagit-choice")).to_have_count(2)
    browser_page.locator("#id_title").fill("The bridge, again")
    wait_for(browser_page, lambda: draft(article).title == "The bridge, again")
    assert tags(article) == ["Bread,butter", "Food, drink and taste"]
    panel.get_by_role("button", name="Undo the acceptance of “Bread,butter”").click()
    expect(browser_page.locator(".tagit-choice")).to_have_count(1)
    wait_for(browser_page, lambda: tags(article) == ["Food, drink and taste"])


@pytest.mark.worker
def test_a_worker_reads_the_draft_as_it_stands(browser_page, live_server, article, worker):
    for name, word in (("Floods", "flood"), ("Bridges", "bridge"), ("Opera", "aria")):
        make_topic(name, synonyms=[word])
    PageAnalysis.objects.all().delete()  # the worker has nothing to do but to answer
    panel = open_panel(browser_page, live_server, article)
    browser_page.route("**/pages/*/edit/", lambda route: route.abort())  # no autosave: the draft is in the form alone
    browser_page.locator("#id_intro").fill("An aria was sung at the opera while the flood took the bridge.")
    panel.get_by_role("button", name="Suggest for this draft").press("Enter")
    expect(panel.get_by_role("button", name="Cancel")).to_be_focused()
    heading = panel.get_by_role("heading", name="Suggestions for the draft as it stands")
    expect(heading).to_be_focused(timeout=60_000)
    draft_list = panel.get_by_role("region", name="Suggestions for the draft")
    expect(draft_list).to_contain_text("An aria was sung at the opera while the flood took the bridge.")
    assert not Suggestion.objects.exists()
    assert not Inquiry.objects.exists()

    first, second, third = (row.inner_text() for row in draft_list.locator(".affinity-topic__name").all())
    draft_list.get_by_role("button", name=f"Accept “{first}”").press("Enter")
    expect(panel.get_by_role("status")).to_contain_text(f"Added “{first}”.")
    expect(draft_list.get_by_role("button", name=f"Accept “{second}”")).to_be_focused()
    expect(browser_page.locator(".tagit-choice")).to_have_count(1)
    draft_list.get_by_role("button", name=f"Reject “{third}”").press("Enter")
    expect(panel.get_by_text("1 rejected topic")).to_be_visible()
    expect(draft_list.locator(".affinity-topic")).to_have_count(1)
    assert tags(article) == [first]
    assert Suggestion.objects.get(topic__name=third).state == Suggestion.State.REJECTED


@pytest.mark.worker
def test_a_page_that_was_never_saved_gets_tags_in_its_form(browser_page, live_server, worker):
    make_topic("Opera", synonyms=["aria"])
    parent = article_index(make_site())
    browser_page.goto(live_server.url + reverse("wagtailadmin_pages:add", args=["cms_site", "articlepage", parent.pk]))
    browser_page.route("**/pages/add/**", lambda route: route.abort())
    browser_page.locator("[data-side-panel-toggle=content-analysis]").click()
    panel = browser_page.locator("[data-side-panel=content-analysis]")
    browser_page.locator("#id_intro").fill("An aria was sung at the opera.")
    panel.get_by_role("button", name="Suggest for this draft").click()
    panel.get_by_role("button", name="Add “Opera” to the tags in the form").click(timeout=60_000)
    expect(panel.get_by_role("status")).to_have_text("Added “Opera” to the tags in the form. Save the page to keep it.")
    expect(browser_page.locator(".tagit-choice")).to_have_count(1)
    assert browser_page.locator("#id_tags").input_value() == "Opera"
    assert not Suggestion.objects.exists()


def test_waiting_for_a_worker_ends_with_cancel_or_with_what_is_wrong(browser_page, live_server, article):
    panel = open_panel(browser_page, live_server, article)
    browser_page.locator("#id_intro").fill("Nobody reads this.")
    ask = panel.get_by_role("button", name="Suggest for this draft")
    ask.click()
    panel.get_by_role("button", name="Cancel").click()
    expect(ask).to_be_focused()
    wait_for(browser_page, lambda: not Inquiry.objects.exists())
    panel.locator(".affinity-draft").evaluate("element => { element.dataset.affinityDraftPatienceValue = 3 }")
    ask.click()
    expect(panel.get_by_role("alert")).to_contain_text("No worker has answered for a minute", timeout=15_000)
    wait_for(browser_page, lambda: not Inquiry.objects.exists())


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everything_is_accessible_in_both_themes_and_on_a_phone(
    browser_page, live_server, article, embedder, recognizer, settings, theme, width
):
    settings.WAGTAIL_TAGGING = {**settings.WAGTAIL_TAGGING, "SUGGEST_WRONG_OF_TEN": 10}
    other = make_article(article.get_site(), "Another bridge")
    for name, state in (("River floods", "suggested"), ("City life", "applied"), ("Rain", "rejected")):
        reasons = {"source": "mixed", "evidence": "The river rose.", "similar": [other.pk]}
        Suggestion.objects.create(page=article, topic=make_topic(name), state=state, score=0.6, **reasons)
    make_topic("Film", make_topic("Culture"))
    UserProfile.objects.create(user=get_user_model().objects.get(username="ines"), theme=theme)
    browser_page.set_viewport_size({"width": width, "height": 844})
    panel = open_panel(browser_page, live_server, article)

    def check():
        found = Axe().run(browser_page, context="[data-side-panel=content-analysis]")
        assert found.violations_count == 0, found.generate_report()
        assert browser_page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    panel.get_by_text("1 rejected topic").click()
    field = panel.get_by_role("combobox")
    field.press_sequentially("f")
    expect(panel.get_by_role("option").first).to_be_visible()
    field.press("ArrowDown")
    check()
    field.press("Escape")
    panel.get_by_role("button", name="Reject “River floods”").click()
    expect(panel.get_by_role("button", name="Undo", exact=True)).to_be_visible()
    panel.get_by_role("button", name="Suggest for this draft").click()
    wait_for(browser_page, Inquiry.objects.exists)
    check()
    tasks.answer(str(Inquiry.objects.get().pk))
    expect(panel.get_by_role("heading", name="Suggestions for the draft as it stands")).to_be_visible(timeout=15_000)
    check()


def test_a_form_that_is_too_large_is_said_so(browser_page, live_server, article, settings):
    panel = open_panel(browser_page, live_server, article)
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 200
    panel.get_by_role("button", name="Suggest for this draft").click()
    expect(panel.get_by_role("alert")).to_contain_text("The form is too large to be sent.")
    expect(panel.get_by_role("button", name="Suggest for this draft")).to_be_focused()


def wait_for(browser_page, is_so, seconds=15):
    """Until the server has what the browser sends in its own time."""
    for _ in range(seconds * 5):
        if is_so():
            return
        browser_page.wait_for_timeout(200)
    raise AssertionError("The server never got there.")
