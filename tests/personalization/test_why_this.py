""" "Why this?": any slate explained to editors."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from wagtail.models import GroupPagePermission, Site

from personalization.models import Event, Placement, PlacementRule, Segment, ServedSlate
from tests.factories import (
    make_article,
    make_editor,
    make_private,
    make_site,
    make_topic,
    make_user,
    make_vector,
    tag_page,
)

pytestmark = pytest.mark.django_db

URL = "/admin/affinity/why-this/"


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def test_a_slate_is_explained_with_sources_scores_and_reasons(editor: Client, site: Site) -> None:
    page, near, pinned = (make_article(site, title) for title in ("Here", "Near by", "The pinned one"))
    topic = make_topic("Cycling")
    tag_page(near, topic)
    for article in (page, near):
        make_vector(article, 1, 0, 0)
    rule = {"type": "topic", "topic": topic.pk, "operator": "at_least", "value": 0.2}
    segment = Segment.objects.create(name="Cyclists", rules={"match": "all", "rules": [rule]})
    placement = Placement.objects.create(name="sidebar")
    PlacementRule.objects.create(placement=placement, page=pinned, segment=segment, sort_order=0)
    response = editor.get(URL, {"placement": placement.pk, "page": page.pk, "segment": segment.pk})
    rows = response.context["rows"]
    assert [row.item.title for row in rows] == ["The pinned one", "Near by"]
    assert [(share.name, share.percent) for share in rows[0].sheet.shares] == [("Editors’ pins", 100), ("Newest", 0)]
    assert {share.name for share in rows[1].sheet.shares} >= {"The reader’s interests", "Related to the page"}
    content = response.content.decode()
    for text in ("More on Cycling", "typical reader: Cycling 80\xa0%", "“sidebar” beside “Here” for Cyclists"):
        assert text in content
    assert rows[0].sheet.notes == ("Editors’ rule: Pin “The pinned one”",)
    assert rows[0].sheet.steps[-1] == "Editors’ pins: place 1"
    assert not Event.objects.exists()
    assert not ServedSlate.objects.exists()


def test_without_a_segment_nobody_in_particular_is_shown(editor: Client, site: Site) -> None:
    page = make_article(site, "Only article")
    Placement.objects.create(name="sidebar")
    content = editor.get(URL).content.decode()
    assert "Only article" in content
    assert "typical reader" not in content
    assert reverse("wagtailadmin_pages:edit", args=[page.pk]) in content


def test_no_placement_yet_leads_to_making_one(editor: Client) -> None:
    assert reverse("personalization_placements:add") in editor.get(URL).content.decode()


def test_an_empty_slate_names_the_fix(editor: Client, site: Site) -> None:
    placement = Placement.objects.create(name="sidebar")
    draft = make_article(site, publish=False)
    hints = editor.get(URL, {"placement": placement.pk, "page": draft.pk}).context["hints"]
    assert any("analyze_pages" in hint for hint in hints)
    assert any("not published" in hint for hint in hints)


def test_a_segment_about_which_nothing_is_known_says_so(editor: Client, site: Site) -> None:
    make_article(site)
    Placement.objects.create(name="sidebar")
    segment = Segment.objects.create(
        name="Belgians", rules={"match": "all", "rules": [{"type": "country", "value": ["BE"]}]}
    )
    assert "only pins and exclusions differ" in editor.get(URL, {"segment": segment.pk}).content.decode()


@pytest.mark.parametrize(
    "query", [{"placement": "x"}, {"placement": "999"}, {"segment": "\x00"}, {"page": "999"}, {"page": "x"}]
)
def test_a_choice_that_does_not_exist_is_told_at_its_field(editor: Client, query: dict[str, str]) -> None:
    Placement.objects.create(name="sidebar")
    response = editor.get(URL, query)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == list(query)
    assert "rows" not in response.context


def test_private_pages_are_not_recommended_even_to_editors(editor: Client, site: Site) -> None:
    make_private(make_article(site, "Secret"))
    make_article(site, "Open")
    Placement.objects.create(name="sidebar")
    assert [row.item.title for row in editor.get(URL).context["rows"]] == ["Open"]


def test_an_editor_asks_about_their_own_pages_only(client: Client, site: Site) -> None:
    mine, other = make_article(site, "Mine"), make_article(site, "Not mine")
    Placement.objects.create(name="sidebar")
    editors = Group.objects.create(name="Editors of one page")
    GroupPagePermission.objects.create(group=editors, page=mine, permission_type="change")
    client.force_login(make_user(editors))
    response = client.get(URL, {"page": mine.pk})
    assert response.context["rows"][0].item.title == "Not mine"
    assert not response.context["rows"][0].edit_url
    refused = client.get(URL, {"page": other.pk})
    assert "you may not see it" in refused.content.decode()
    assert "Not mine" not in refused.content.decode()


def test_the_page_editor_leads_there(editor: Client, site: Site) -> None:
    page, draft = make_article(site), make_article(site, publish=False)
    link = f"{reverse('personalization_why:index')}?page="
    assert f"{link}{page.pk}" in editor.get(reverse("wagtailadmin_pages:edit", args=[page.pk])).content.decode()
    assert link not in editor.get(reverse("wagtailadmin_pages:edit", args=[draft.pk])).content.decode()
