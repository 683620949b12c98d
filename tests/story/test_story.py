"""The main job, told in a real browser: an editor publishes, readers read, recommendations follow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from .deployment import PASSWORD, Deployment, wait_until

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.models, pytest.mark.timeout(900)]

API = "/api/personalization/v1"
BODY = (
    "Copenhagen counts more bicycles than cars in its centre every morning. The Danish Cyclists' Federation "
    "asked the city for wider cycle tracks, and the City of Copenhagen built bridges for cyclists over its "
    "harbour. In Utrecht a cycle parking garage under the railway station holds thousands of bicycles, and "
    "commuters in the Netherlands ride on protected cycle lanes from the suburbs to work."
)


def test_the_main_job(deployment: Deployment, chromium: Browser) -> None:
    editor = sign_in(deployment, chromium)
    page_id = publish_article(deployment, editor)
    sees_analysis(editor, page_id, deployment)
    rejects_a_topic(editor, page_id, deployment)

    cyclist = chromium.new_context()
    sees_contextual_recommendations_without_a_cookie(deployment, cyclist)
    accepts(deployment, cyclist)
    reads(deployment, cyclist, "urban-cycling")
    recommended = sees_recommendations_change(deployment, cyclist, "urban-cycling")

    baker = chromium.new_context()
    accepts(deployment, baker)
    reads(deployment, baker, "baking")
    assert set(sees_recommendations_change(deployment, baker, "baking")) != set(recommended)


# The editor


def sign_in(deployment: Deployment, chromium: Browser) -> Page:
    page = chromium.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.goto(f"{deployment.url}/admin/login/")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{deployment.url}/admin/")
    return page


def publish_article(deployment: Deployment, page: Page) -> int:
    """Write an article about cycling in the editor, publish it and return its id."""
    parent = deployment.scalar(
        "SELECT page_ptr_id FROM cms_site_articleindexpage JOIN wagtailcore_page p ON p.id = page_ptr_id "
        "JOIN wagtailcore_locale l ON l.id = p.locale_id WHERE l.language_code = 'en'"
    )
    page.goto(f"{deployment.url}/admin/pages/add/cms_site/articlepage/{parent}/")
    page.locator("[name=title]").fill("How Copenhagen learned to love the bicycle")
    page.locator("[name=intro]").fill(BODY)
    page.locator("[name=author]").fill("Ines Marlow")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("published").first).to_be_visible()
    page_id = deployment.scalar(
        "SELECT id FROM wagtailcore_page WHERE title = 'How Copenhagen learned to love the bicycle'"
    )
    assert isinstance(page_id, int)
    return page_id


def open_panel(deployment: Deployment, page: Page, page_id: int) -> None:
    page.goto(f"{deployment.url}/admin/pages/{page_id}/edit/")
    page.get_by_role("button", name="Toggle content analysis").click()


def sees_analysis(page: Page, page_id: int, deployment: Deployment) -> None:
    """The worker's findings come to the panel by themselves."""
    open_panel(deployment, page, page_id)
    panel = page.locator(".affinity-panel")
    expect(panel).to_contain_text("Urban cycling", timeout=180_000)
    expect(panel).to_contain_text("Copenhagen")


def rejects_a_topic(page: Page, page_id: int, deployment: Deployment) -> None:
    """The first topic is rejected, and does not come back with the next analysis."""
    panel = page.locator(".affinity-panel")
    panel.get_by_role("button", name="Reject").first.click()
    count = "SELECT count(*) FROM tagging_suggestion WHERE page_id = %s AND state = 'rejected'"
    wait_until(lambda: deployment.scalar(count, page_id) == 1, 10, "the rejection is stored")
    panel.get_by_role("button", name="Analyse again").click()
    wait_until(
        lambda: deployment.scalar("SELECT state FROM tagging_pageanalysis WHERE page_id = %s", page_id) == "done",
        120,
        "the page is analysed again",
    )
    assert deployment.scalar(count, page_id) == 1


# Readers


def article(deployment: Deployment, topic: str, number: int = 0) -> tuple[int, str]:
    """Id and path of an English demo article on a topic, by its rank among the topic's pages."""
    row = deployment.scalar(
        "SELECT json_build_array(p.id, p.slug) FROM wagtailcore_page p "
        "JOIN tagging_suggestion s ON s.page_id = p.id JOIN tagging_topic t ON t.id = s.topic_id "
        "JOIN wagtailcore_locale l ON l.id = p.locale_id "
        "WHERE t.slug = %s AND s.state IN ('applied', 'accepted') AND p.live AND l.language_code = 'en' "
        "AND NOT EXISTS (SELECT 1 FROM wagtailcore_pageviewrestriction r WHERE r.page_id = p.id) "
        "AND p.title <> 'How Copenhagen learned to love the bicycle' "
        "ORDER BY s.score DESC, p.id OFFSET %s LIMIT 1",
        topic,
        number,
    )
    assert isinstance(row, list), f"No article number {number} on {topic}."
    return row[0], f"/articles/{row[1]}/"


def neutral(deployment: Deployment) -> tuple[int, str]:
    return article(deployment, "telescopes")


def api(context: BrowserContext, deployment: Deployment, page_id: int) -> dict[str, Any]:
    answer = context.request.get(f"{deployment.url}{API}/recommendations/?placement=sidebar&page={page_id}")
    assert answer.ok, answer.text()
    return json.loads(answer.text())


def sees_contextual_recommendations_without_a_cookie(deployment: Deployment, context: BrowserContext) -> None:
    page_id, path = neutral(deployment)
    page = context.new_page()
    page.goto(deployment.url + path)
    expect(page.locator("[data-affinity-placement=sidebar] [data-affinity-item]").first).to_be_visible()
    assert api(context, deployment, page_id)["items"]
    assert context.cookies() == []
    page.close()
    assert deployment.scalar("SELECT count(*) FROM personalization_visitor") == 0
    assert deployment.scalar("SELECT count(*) FROM personalization_event") == 0


def accepts(deployment: Deployment, context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(deployment.url)
    page.get_by_role("button", name="Accept all").click()
    wait_until(lambda: bool(context.cookies()), 10, "the visitor cookie is set")
    (cookie,) = [cookie for cookie in context.cookies() if cookie["name"] == "affinity_visitor"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Lax"
    page.close()


def reads(deployment: Deployment, context: BrowserContext, topic: str) -> None:
    """Open three articles on the topic, one after the other, and wait until the profile knows them."""
    page = context.new_page()
    for number in range(3):
        _, path = article(deployment, topic, number)
        page.goto(deployment.url + path)
        page.mouse.wheel(0, 1500)
        page.wait_for_timeout(500)
    page.close()
    folded = (
        "SELECT count(*) FROM personalization_profile WHERE views >= 3 AND "
        "jsonb_exists(topics, (SELECT id::text FROM tagging_topic WHERE slug = %s))"
    )
    wait_until(lambda: bool(deployment.scalar(folded, topic)), 120, "the profile is folded")


def topic_pages(deployment: Deployment, topic: str) -> set[int]:
    """Ids of the pages on the topic, its parent, or a topic beside it: what a reader of it may care about."""
    ids = deployment.scalar(
        "SELECT json_agg(s.page_id) FROM tagging_suggestion s JOIN tagging_topic t ON t.id = s.topic_id "
        "JOIN tagging_topic asked ON asked.slug = %s AND t.path LIKE left(asked.path, -4) || '%%' "
        "WHERE s.state IN ('applied', 'accepted', 'suggested')",
        topic,
    )
    return set(ids) if isinstance(ids, list) else set()


def sees_recommendations_change(deployment: Deployment, context: BrowserContext, topic: str) -> list[int]:
    """On a page about something else, block and API now lean towards the topic and say why."""
    page_id, path = neutral(deployment)
    on_topic = topic_pages(deployment, topic)
    answer = api(context, deployment, page_id)
    chosen = [item["id"] for item in answer["items"]]
    fitting = [item for item in answer["items"] if item["id"] in on_topic]
    assert len(fitting) >= 2, json.dumps(answer, indent=1)
    assert all(item["reasons"] and item["score"] is not None for item in fitting), answer

    page = context.new_page()
    page.goto(deployment.url + path)
    shown = page.locator("[data-affinity-placement=sidebar] [data-affinity-item]")
    expect_any(page, shown, on_topic)
    page.close()
    return chosen


def expect_any(page: Page, shown: Any, on_topic: set[int]) -> None:
    def fits() -> bool:
        page.wait_for_timeout(100)
        ids = {int(item.get_attribute("data-affinity-item") or 0) for item in shown.all()}
        return len(ids & on_topic) >= 2

    wait_until(fits, 20, "the block shows pages on the topic")
