"""A reader's rights in headless Chromium: accept, see, mute, hide, answer, delete; and a "no" leaves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from cms_site.blocks import ArticleBody
from personalization.models import Event, Placement, Profile, ServedSlate, Visitor
from personalization.visitors import folding
from tests.browsing import leave_in_silence
from tests.factories import make_article, make_site, make_topic, make_vector, tag_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning"),
]

ACCEPT, DECLINE = re.compile("^(Accept all|Yes)"), re.compile("^(Only necessary|No)")
YOU = "/affinity/you/"


@pytest.fixture
def magazine():
    """Three articles on the climate, one on food, and a list beside each."""
    site = make_site()
    climate, food = make_topic("Climate"), make_topic("Food")
    Placement.objects.create(name="sidebar", title="You may also like", n=4, when_read="keep")
    Placement.objects.create(name="read-next", title="Read next", n=3, when_read="keep")
    articles = {}
    for title, topic in (("The sea", climate), ("The ice", climate), ("The wind", climate), ("Bread", food)):
        articles[title] = page = make_article(site, title)
        make_vector(page, 1, 0.1 * len(articles), 0)
        tag_page(page, topic)
    return articles


@pytest.fixture
def page(chromium, live_server) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.failures = []
    page.on("pageerror", lambda error: page.failures.append(str(error)))
    yield page
    leave_in_silence(page)
    assert page.failures == []


def answer(page: Page, name: re.Pattern[str]) -> None:
    banner = page.locator("[data-affinity-consent]")
    with page.expect_response(lambda response: response.request.method == "POST" and "consent" in response.url):
        banner.get_by_role("button", name=name).click()
    expect(banner).to_be_hidden()


def read(page: Page, article) -> None:
    """Open the article, and let the worker fold what the browser then tells."""
    with page.expect_response(lambda response: "/events/" in response.url):
        page.goto(article.url)
    for visitor in Visitor.objects.all():
        folding.fold_visitor(visitor.pk)


def test_a_no_stores_nothing(magazine, page):
    page.goto(magazine["The sea"].url)
    answer(page, DECLINE)
    page.goto(magazine["The ice"].url)
    page.goto(YOU)
    expect(page.get_by_text("Nothing about you is stored.", exact=True)).to_be_visible()
    assert [cookie["name"] for cookie in page.context.cookies()] == []
    assert page.evaluate("localStorage.length") == 0
    assert not Visitor.objects.exists()


def test_accept_see_mute_and_delete(magazine, page):
    page.goto(magazine["The sea"].url)
    answer(page, ACCEPT)
    read(page, magazine["The sea"])
    page.goto(YOU)
    topics = page.get_by_role("region", name="Your topics")
    expect(topics.get_by_role("listitem").filter(has_text="Climate").first).to_contain_text("strong")
    expect(page.get_by_role("link", name="The sea")).to_be_visible()

    with page.expect_response(lambda response: "/fragments/" in response.url):
        page.goto(magazine["Bread"].url)
    recommended = page.locator("[data-affinity-item]")
    expect(recommended.filter(has_text="The ice").first).to_be_visible()

    page.goto(YOU)
    page.get_by_role("button", name="Mute Climate").click()
    expect(page.get_by_role("status").filter(has_text="Climate is muted")).to_be_visible()
    with page.expect_response(lambda response: "/fragments/" in response.url):
        page.goto(magazine["Bread"].url)
    expect(recommended.filter(has_text=re.compile("The (sea|ice|wind)"))).to_have_count(0)
    expect(page.get_by_text("There is nothing to suggest to you here right now.").first).to_be_visible()

    page.goto(YOU)
    page.get_by_text("Delete everything", exact=True).click()
    page.get_by_role("button", name="Delete everything about me").click()
    expect(page.get_by_text("Everything about you is deleted.")).to_be_visible()
    assert [cookie["name"] for cookie in page.context.cookies() if "affinity" in cookie["name"]] == []
    assert page.evaluate("localStorage.length") == 0
    for model in (Visitor, Profile, Event, ServedSlate):
        assert not model.objects.exists(), model
    page.goto(magazine["Bread"].url)
    expect(recommended.filter(has_text="The ice").first).to_be_visible()
    assert not Visitor.objects.exists()


def test_a_recommendation_is_hidden_and_brought_back_by_keyboard(magazine, page):
    page.goto(magazine["The sea"].url)
    answer(page, ACCEPT)
    with page.expect_response(lambda response: "/fragments/" in response.url):
        page.goto(magazine["Bread"].url)
    item = page.locator("[data-affinity-item]").filter(has_text="The ice").first
    number = item.get_attribute("data-affinity-item")
    button = item.get_by_role("button", name="Don’t show me this: The ice")
    button.focus()
    page.keyboard.press("Enter")
    told = page.locator(f'[data-affinity-item="{number}"]').first
    expect(told).to_contain_text("You will not be shown this again.")
    undo = told.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    assert Profile.objects.get().hidden_pages == [int(number)]
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    assert Profile.objects.get().hidden_pages == []
    assert not Event.objects.filter(kind="click").exists()


def test_the_question_asks_for_consent_seeds_the_profile_and_goes_away(magazine, page):
    asking = magazine["Bread"]
    asking.body = ArticleBody().to_python([{"type": "onboarding", "value": {"heading": "What now?", "button": "Go"}}])
    asking.save_revision().publish()
    page.goto(asking.url)
    question = page.get_by_role("group", name="What now?")
    question.get_by_label("Climate").check()
    page.get_by_label("Yes, this site may keep my answer").check()
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("Thank you.")).to_be_focused()
    assert Visitor.objects.get().purposes == ["personalization"]
    assert len(Profile.objects.get().liked_topics) == 1
    page.goto(asking.url)
    expect(question).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_own_page_is_accessible_and_fits_a_phone(magazine, page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(magazine["The sea"].url)
    answer(page, ACCEPT)
    read(page, magazine["The sea"])
    page.goto(YOU)
    page.get_by_role("button", name="Like Climate").click()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        violations = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], v["nodes"][0]["html"]) for v in violations] == []
