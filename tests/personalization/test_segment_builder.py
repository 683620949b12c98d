"""A nested segment built in a real browser, by keyboard alone, with its live estimate and a mistake on the way."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from personalization.models import Segment
from personalization.testing.visitors import store_profile
from personalization.types import ProfileState
from tests.factories import make_editor, make_topic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


@pytest.fixture
def keyboard(chromium: Any, live_server: Any) -> Any:
    """The form of a new segment, open before somebody who uses no mouse."""
    client = Client()
    client.force_login(make_editor("ines"))
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    yield Builder(page, live_server.url)
    context.close()


class Builder:
    """What somebody does in the rule builder; every action is a key pressed."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self) -> None:
        self.page.goto(self.url + reverse("personalization_segments:add"))

    def press(self, found: Locator, *keys: str) -> None:
        found.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, found: Locator, text: str) -> None:
        self.press(found, "ControlOrMeta+a")
        self.page.keyboard.type(text)

    def add(self, name: str, within: Locator) -> None:
        """Open the last "+" of a list of rules, search, choose."""
        self.press(within.get_by_role("button", name="Insert a block").last, "Enter")
        search = self.page.get_by_role("combobox", name="Search options")
        expect(search).to_be_visible()
        self.page.keyboard.press("Tab")
        expect(search).to_be_focused()
        self.page.keyboard.type(name)
        expect(self.page.get_by_role("listbox").get_by_role("option")).to_have_text([name])
        self.page.keyboard.press("Enter")
        expect(search).to_have_count(0)

    def choose_topic(self, name: str) -> None:
        self.press(self.page.get_by_role("button", name="Choose a topic"), "Enter")
        dialog = self.page.get_by_role("dialog")
        search = dialog.get_by_label("Search term")
        expect(search).to_be_visible()
        search.focus()
        self.page.keyboard.type(name)
        expect(dialog.get_by_role("link", name="Gardens")).to_be_hidden()
        self.press(dialog.get_by_role("link", name=name), "Enter")
        expect(dialog).to_be_hidden()


def test_a_nested_segment_is_built_by_keyboard(keyboard: Builder) -> None:
    science = make_topic("Science")
    space = make_topic("Space", science)
    make_topic("Gardens")
    now = timezone.now()
    for number in range(40):
        interest = {space.pk: 0.5} if number < 30 else {}
        store_profile(ProfileState(topics=interest, views=number, visits=1, last_seen=now), "mobile")
    page = keyboard.page
    keyboard.open()
    keyboard.type(page.locator("#id_name"), "Space on the phone")
    estimate = page.locator(".affinity-estimate [role=status]")
    expect(estimate).to_contain_text("Complete the rules")

    rules = page.locator("#panel-child-rules-section, [data-contentpath=rules]").first
    keyboard.add("Topic of interest", rules)
    keyboard.choose_topic("Science")
    keyboard.type(page.get_by_label("Share in %"), "20")
    expect(estimate).to_contain_text("Would match 30 of 40 visitors of the last 30 days, 75 %.")

    keyboard.add("Group of rules", rules)
    group = page.locator("[data-contentpath=rules] [data-contentpath=rules]").first
    keyboard.press(page.get_by_label("Visitors belong if they meet").last, "ArrowDown")
    keyboard.add("Pages read", group)
    expect(page.get_by_role("spinbutton", name="Pages")).to_be_visible()
    keyboard.press(page.get_by_role("button", name="Create"), "Enter")
    expect(page.get_by_text("This field is required.")).to_be_visible()
    expect(page.get_by_label("Share in %")).to_have_value("20")
    expect(page.locator(".chooser__title:visible")).to_have_text("Science")

    keyboard.type(page.get_by_role("spinbutton", name="Pages"), "10")
    expect(estimate).to_contain_text("Would match 20 of 40 visitors of the last 30 days, 50 %.")
    keyboard.press(page.get_by_role("button", name="Move up").nth(1), "Enter")
    keyboard.press(page.get_by_role("button", name="Create"), "Enter")
    page.wait_for_url("**/affinity/segments/")
    stored = Segment.objects.get(name="Space on the phone").rules
    topic = {"type": "topic", "topic": science.pk, "operator": "at_least", "value": 0.2}
    views = {"type": "views", "operator": "at_least", "value": 10}
    assert stored == {"match": "all", "rules": [{"match": "any", "rules": [views]}, topic]}
