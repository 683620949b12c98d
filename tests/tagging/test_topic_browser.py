"""The topic's pages in a real browser: the effect of changed words, teaching by keyboard, a merge to its end."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tagging import operations, tasks
from tagging.models import Suggestion, Topic
from tests.factories import make_article, make_editor, make_site, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture
def browser_page(chromium, live_server):
    """A page of Chromium in which an editor is logged in."""
    client = Client()
    client.force_login(make_editor("ines"))
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    yield context.new_page()
    context.close()


@pytest.fixture
def pages(embedder, recognizer, monkeypatch):
    monkeypatch.setattr(tasks._broker, "send", lambda task, *args: task(*args) or True)
    site = make_site()
    return [make_article(site, f"A {word}", body=f"The {word} is a {word}.") for word in ("kitten", "puppy", "train")]


def analyze():
    operations.sweep()
    while operations.analyze_batch().claimed:
        pass


def visit(browser_page, live_server, name, *args):
    browser_page.goto(live_server.url + reverse(f"affinity_topics:{name}", args=args))


def test_the_effect_is_seen_before_saving_and_marked_once_the_words_change(browser_page, live_server, pages):
    topic = make_topic("Kitten", description="A kitten.")
    analyze()
    visit(browser_page, live_server, "edit", topic.pk)
    browser_page.get_by_role("textbox", name="Name").fill("Puppy")
    browser_page.get_by_role("textbox", name="Description").fill("A puppy.")
    browser_page.get_by_role("button", name="Preview effect").press("Enter")
    effect = browser_page.locator(".affinity-effect")
    expect(effect.get_by_text("+1 page, −1")).to_be_visible(timeout=15_000)
    expect(effect.get_by_role("link", name="A puppy")).to_be_visible()
    browser_page.get_by_role("textbox", name="Description").fill("A puppy or two.")
    expect(browser_page.get_by_text("The form has changed since.")).to_be_visible()
    assert Topic.objects.get().name == "Kitten"


def test_teaching_by_keyboard_with_undo(browser_page, live_server, pages):
    topic = make_topic("Kitten", description="A kitten.")
    analyze()
    visit(browser_page, live_server, "teach", topic.pk)
    expect(browser_page.get_by_text("1 of 3")).to_be_visible(timeout=15_000)
    shown = browser_page.locator("article:visible h2")
    first = shown.inner_text()
    browser_page.keyboard.press("n")
    expect(browser_page.get_by_text("2 of 3")).to_be_visible()
    assert Suggestion.objects.get(page__title=first, topic=topic).state == "rejected"
    browser_page.keyboard.press("u")
    expect(browser_page.get_by_text("1 of 3")).to_be_visible()
    assert not Suggestion.objects.filter(page__title=first, topic=topic, state="rejected").exists()
    browser_page.keyboard.press("y")
    expect(browser_page.get_by_text("2 of 3")).to_be_visible()
    browser_page.keyboard.press("s")
    expect(browser_page.get_by_text("3 of 3")).to_be_visible()
    browser_page.get_by_role("button", name="No").click()
    expect(browser_page.get_by_text("1 yes, 1 no, 1 skipped.")).to_be_visible()
    assert Suggestion.objects.get(page__title=first, topic=topic).state == "accepted"


def test_a_merge_runs_to_its_end_by_itself(browser_page, live_server, pages):
    movies, film = make_topic("Movies"), make_topic("Film")
    for page in pages:
        operations.add(page.pk, movies.pk, None)
    visit(browser_page, live_server, "merge", movies.pk)
    browser_page.get_by_label("Merge into").select_option(str(film.pk))
    browser_page.get_by_role("button", name="Show what it would do").click()
    browser_page.get_by_role("button", name="Merge “Movies” into “Film”").click()
    expect(browser_page.get_by_text("“Movies” is now part of “Film”.")).to_be_visible(timeout=20_000)
    assert film.suggestions.filter(state="accepted").count() == 3
    assert not Topic.objects.filter(pk=movies.pk).exists()
