"""The review queue in a real browser: one decision a second by keyboard alone, bulk, undo, failures, accessibility."""

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect
from wagtail.models import Page
from wagtail.users.models import UserProfile

from tagging.models import Suggestion
from tests.factories import make_article, make_editor, make_site, make_topic

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning"),
]

State = Suggestion.State
URL = "/admin/affinity/review/"


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
def rows():
    """Twelve open suggestions on four pages, in the order of the list."""
    site = make_site()
    topics = [make_topic(name) for name in ("Rivers", "Bridges", "Floods")]
    pages = [make_article(site, f"Page {number}") for number in range(1, 5)]
    scores = iter(range(80, 30, -1))
    return [suggest(page, topic, next(scores) / 100) for page in pages for topic in topics]


def suggest(page, topic, score):
    return Suggestion.objects.create(
        page=page, topic=topic, state=State.SUGGESTED, score=score, source="vector", evidence="The river rose."
    )


def open_queue(browser_page, live_server, path=URL):
    browser_page.goto(live_server.url + path)
    expect(browser_page.locator(".affinity-review__left")).to_contain_text("Still to review")
    return browser_page.locator("article")


def states():
    return list(Suggestion.objects.order_by("pk").values_list("state", flat=True))


def tags(page_id):
    return sorted(Page.objects.get(pk=page_id).specific.tags.names())


def wait_for(browser_page, is_so, seconds=15):
    """Until the server has what the browser sends in its own time."""
    for _ in range(seconds * 10):
        if is_so():
            return
        browser_page.wait_for_timeout(100)
    raise AssertionError("The server never got there.")


def test_ten_decisions_in_ten_seconds_by_keyboard_alone(browser_page, live_server, rows):
    articles = open_queue(browser_page, live_server)
    keyboard = browser_page.keyboard
    keyboard.press("j")
    started = time.monotonic()
    for number, key in enumerate(["a", "r", "Enter", "r", "r", "u", "a", "r", "a", "r"]):
        expect(articles.nth([0, 1, 2, 3, 4, 5, 4, 5, 6, 7][number])).to_be_focused()
        keyboard.press(key)
    wanted = ["accepted", "rejected", "accepted", "rejected", "accepted", "rejected", "accepted", "rejected"]
    wait_for(browser_page, lambda: states() == wanted + ["suggested"] * 4)
    assert time.monotonic() - started < 10
    assert tags(rows[0].page_id) == ["Floods", "Rivers"]
    expect(browser_page.get_by_text("Still to review: 4")).to_be_visible()
    expect(browser_page.get_by_role("status").filter(has_text="Rejected “Bridges” for “Page 3”.")).to_be_visible()
    expect(articles.nth(1)).to_contain_text("Rejected")


def test_a_selection_is_accepted_and_taken_back_by_keyboard(browser_page, live_server, rows):
    articles = open_queue(browser_page, live_server)
    for key in "jxjxjjx":
        browser_page.keyboard.press(key)
    expect(browser_page.get_by_text("Selected: 3")).to_be_visible()
    browser_page.keyboard.press("a")
    expect(browser_page.get_by_text("Topics accepted: 3.")).to_be_visible()
    expect(articles.nth(4)).to_be_focused()
    chosen = ["accepted", "accepted", "suggested", "accepted"]
    wait_for(browser_page, lambda: states()[:4] == chosen)
    assert tags(rows[0].page_id) == ["Bridges", "Rivers"]
    browser_page.keyboard.press("u")
    expect(browser_page.get_by_text("Decisions taken back: 3.")).to_be_visible()
    expect(articles.nth(0)).to_be_focused()
    wait_for(browser_page, lambda: states() == ["suggested"] * 12)
    assert tags(rows[0].page_id) == []


def test_everything_that_matches_on_all_pages_of_the_list_and_back(browser_page, live_server, rows):
    for number in range(50):
        suggest(rows[0].page, make_topic(f"Topic {number}"), 0.3)
    open_queue(browser_page, live_server)
    browser_page.get_by_label("Select all on this page").check()
    browser_page.get_by_role("button", name="Select all 62 that match").click()
    expect(browser_page.get_by_text("Selected: 62")).to_be_visible()
    browser_page.get_by_role("button", name="Reject selected").click()
    expect(browser_page.get_by_role("progressbar")).to_be_visible()
    expect(browser_page.get_by_text("Well done: nothing is left to review.")).to_be_visible()
    wait_for(browser_page, lambda: set(states()) == {State.REJECTED})
    browser_page.get_by_role("button", name="Undo", exact=False).last.click()
    wait_for(browser_page, lambda: set(states()) == {State.SUGGESTED})
    expect(browser_page.get_by_text("Still to review: 62")).to_be_visible()


def test_a_group_is_selected_and_its_rows_are_undone_one_by_one(browser_page, live_server, rows):
    articles = open_queue(browser_page, live_server, f"{URL}by-topic/")
    browser_page.get_by_label("Select all of this group").first.check()
    browser_page.get_by_role("button", name="Accept selected").click()
    wait_for(browser_page, lambda: states().count("accepted") == 4)
    articles.nth(1).get_by_role("button", name="Undo").click()
    wait_for(browser_page, lambda: states().count("accepted") == 3)
    expect(articles.nth(1).get_by_role("button", name="Accept")).to_be_visible()
    browser_page.keyboard.press("u")
    wait_for(browser_page, lambda: states().count("accepted") == 0)


def test_what_the_server_refuses_is_put_back_with_the_reason_and_the_rest_goes_on(browser_page, live_server, rows):
    articles = open_queue(browser_page, live_server)
    Page.objects.filter(pk=rows[0].page_id).update(locked=True, locked_by=make_editor("omar"))
    browser_page.keyboard.press("j")
    for _ in range(4):
        browser_page.keyboard.press("a")
    expect(articles.nth(0)).to_contain_text("The page is locked")
    expect(articles.nth(0).get_by_role("button", name="Accept")).to_be_visible()
    expect(browser_page.get_by_text("Problems: 3")).to_be_visible()
    wait_for(browser_page, lambda: states()[3] == "accepted")
    expect(browser_page.get_by_text("Still to review: 11")).to_be_visible()
    assert states()[:3] == ["suggested"] * 3


def test_a_server_that_is_away_loses_nothing(browser_page, live_server, rows):
    articles = open_queue(browser_page, live_server)
    browser_page.context.set_offline(True)
    for key in "ja":
        browser_page.keyboard.press(key)
    expect(articles.nth(0)).to_contain_text("No answer came from the server")
    browser_page.context.set_offline(False)
    for key in "ka":
        browser_page.keyboard.press(key)
    wait_for(browser_page, lambda: states()[0] == "accepted")
    browser_page.context.set_offline(True)
    browser_page.keyboard.press("u")
    expect(articles.nth(0)).to_contain_text("No answer came from the server")
    expect(articles.nth(0).get_by_role("button", name="Undo")).to_be_visible()
    browser_page.context.set_offline(False)
    browser_page.keyboard.press("u")
    wait_for(browser_page, lambda: states()[0] == "suggested")


def test_the_next_ones_are_offered_when_all_are_decided(browser_page, live_server, rows):
    for number in range(40):
        suggest(rows[0].page, make_topic(f"Topic {number}"), 0.3)
    articles = open_queue(browser_page, live_server)
    browser_page.get_by_label("Select all on this page").check()
    browser_page.keyboard.press("r")
    expect(browser_page.get_by_role("link", name="Show the next ones")).to_be_focused()
    browser_page.keyboard.press("Enter")
    expect(articles).to_have_count(2, timeout=30_000)  # once all fifty have been sent
    assert states().count("rejected") == 50


def test_typing_decides_nothing_and_single_keys_can_be_switched_off(browser_page, live_server, rows):
    articles = open_queue(browser_page, live_server)
    search = browser_page.locator("#id_q")
    search.press_sequentially("jar")
    expect(browser_page.get_by_text("Nothing matches")).to_be_visible()
    search.fill("")
    expect(articles).to_have_count(12)
    articles.nth(0).focus()
    browser_page.get_by_label("Single-key shortcuts").uncheck()
    articles.nth(0).focus()
    for key in "aru":
        browser_page.keyboard.press(key)
    browser_page.reload()
    expect(browser_page.get_by_label("Single-key shortcuts")).not_to_be_checked()
    assert states() == ["suggested"] * 12


def test_wagtails_own_setting_switches_the_keys_off(browser_page, live_server, rows, editor):
    UserProfile.objects.create(user=editor, keyboard_shortcuts=False)
    articles = open_queue(browser_page, live_server)
    expect(browser_page.get_by_label("Single-key shortcuts")).to_be_hidden()
    articles.nth(0).focus()
    browser_page.keyboard.press("r")
    expect(articles.nth(0).get_by_role("button", name="Reject")).to_be_visible()


def test_a_question_mark_shows_the_keys(browser_page, live_server, rows):
    open_queue(browser_page, live_server)
    browser_page.wait_for_timeout(500)
    browser_page.keyboard.press("?")
    dialog = browser_page.locator("#keyboard-shortcuts-dialog")
    expect(dialog.get_by_text("Undo the last decision or batch")).to_be_visible()
    browser_page.keyboard.press("r")
    assert states() == ["suggested"] * 12


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser_page, live_server, rows, editor, theme):
    UserProfile.objects.create(user=editor, theme=theme)
    for path in (URL, f"{URL}by-topic/"):
        open_queue(browser_page, live_server, path)
        for key in "jrx":
            browser_page.keyboard.press(key)
        violations = Axe().run(browser_page, context=".affinity-review").response["violations"]
        assert [(found["id"], found["nodes"][0]["html"]) for found in violations] == []


def test_it_fits_a_phone(browser_page, live_server, rows):
    browser_page.set_viewport_size({"width": 390, "height": 844})
    open_queue(browser_page, live_server)
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= 390
