"""The list that a placement would show, drawn anew while its form is edited."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from personalization.models import Event, Placement, ServedSlate
from tests.factories import make_article, make_editor, make_private, make_site, make_user, make_vector

from .test_placement_admin import form


@pytest.mark.django_db
class TestFragment:
    @pytest.fixture
    def placement(self) -> Placement:
        site = make_site()
        for title in ("Bread", "Butter", "Secret"):
            page = make_article(site, title)
        make_private(page)
        return Placement.objects.create(name="sidebar")

    def post(self, client: Client, placement: Placement | None, **changes: Any) -> str:
        name = "preview" if placement else "preview_new"
        url = reverse(f"personalization_placements:{name}", args=[placement.pk] if placement else [])
        return client.post(url, form(**changes)).content.decode()

    def test_it_shows_what_is_in_the_form_and_saves_nothing(self, client: Client, placement: Placement) -> None:
        client.force_login(make_editor())
        for target in (placement, None):
            html = self.post(client, target, name="other", n="1", strategy="recent")
            assert "Butter" in html
            assert "Bread" not in html
        assert Placement.objects.get() == placement
        assert Placement.objects.get().n == 4
        assert not Event.objects.exists()
        assert not ServedSlate.objects.exists()

    def test_what_nobody_may_see_is_not_shown_to_editors_either(self, client: Client, placement: Placement) -> None:
        client.force_login(make_editor())
        assert "Secret" not in self.post(client, placement)

    def test_a_wrong_form_says_so(self, client: Client, placement: Placement) -> None:
        client.force_login(make_editor())
        assert "a field is wrong or empty" in self.post(client, placement, n="99")

    def test_who_may_not_change_placements_sees_none(self, client: Client, placement: Placement) -> None:
        client.force_login(make_user())
        assert "Butter" not in self.post(client, placement)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_list_follows_a_slider_moved_by_keyboard(chromium: Any, live_server: Any) -> None:
    site = make_site()
    for title, vector in (
        ("A twin", (1, 0.01)),
        ("Something else", (0, 1)),
        ("Another twin", (1, 0)),
        ("First", (1, 0)),
    ):
        make_vector(make_article(site, title), *vector)
    placement = Placement.objects.create(name="sidebar", n=2, strategy="recent", diversity=0.0)
    client = Client()
    client.force_login(make_editor("ines"))
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + reverse("personalization_placements:edit", args=[placement.pk]))
    titles = page.locator(".affinity-preview__list strong")
    expect(titles).to_have_text(["First", "Another twin"])
    page.get_by_label("diversity").focus()
    page.keyboard.press("End")
    expect(titles).to_have_text(["First", "Something else"])
    expect(page.locator(".affinity-preview [role=status]")).to_have_text("The list has 2 pages. First: First")
    expect(page.locator("output[for=id_diversity]")).to_have_text("1")
    context.close()
    assert Placement.objects.get().diversity == 0.0
