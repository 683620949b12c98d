"""Editors' rules in Wagtail's admin, and what they do to a list."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry, Site

from cms_site.models import ArticleIndexPage
from personalization import operations
from personalization.models import Event, Placement, PlacementRule, Segment, Visitor
from personalization.operations.topics import replace_topic
from personalization.types import RecQuery, RequestContext
from tests.factories import (
    article_index,
    make_article,
    make_editor,
    make_locale,
    make_site,
    make_topic,
    make_user,
    tag_page,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def placement() -> Placement:
    return Placement.objects.create(name="sidebar", n=4)


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def form(**changes: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("placement", "page", "topic", "section", "segment", "locale", "starts_at", "ends_at"), "")
    return empty | {"action": "exclude", "strength": "3"} | changes


def shown(site: Site, **fields: Any) -> list[int]:
    query = RecQuery(
        placement="sidebar",
        n=4,
        site_id=site.pk,
        locale_id=site.root_page.locale_id,
        context=RequestContext(at=timezone.now()),
        **fields,
    )
    return [item.page_id for item in operations.recommend(query).items]


def test_an_editor_excludes_a_topic_everywhere(editor: Client, site: Site, placement: Placement) -> None:
    war, floods = make_topic("War"), make_topic("Floods")
    pages = [make_article(site) for _ in range(6)]
    for page in pages[:3]:
        tag_page(page, war)
    tag_page(pages[3], floods)
    assert editor.post(reverse("personalization_rules:add"), form(topic=str(war.pk))).status_code == 302
    rule = PlacementRule.objects.get()
    assert ModelLogEntry.objects.filter(action="wagtail.create", object_id=str(rule.pk)).exists()
    assert set(shown(site)) == {page.pk for page in pages[3:]}
    replace_topic(war.pk, floods.pk)
    rule.refresh_from_db()
    assert rule.topic == floods.pk


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "page"),
        ({"topic": "999999"}, "topic"),
        ({"topic": "x"}, "topic"),
        ({"strength": "1"}, "strength"),
        ({"starts_at": "2026-11-30 10:00", "ends_at": "2026-11-29 10:00"}, "ends_at"),
    ],
)
def test_what_cannot_be_is_told_at_its_field(editor: Client, changes: dict[str, str], field: str) -> None:
    response = editor.post(reverse("personalization_rules:add"), form(**changes))
    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert not PlacementRule.objects.exists()


def test_a_page_and_a_topic_at_once_are_one_too_many(editor: Client, site: Site) -> None:
    both = form(page=str(make_article(site).pk), topic=str(make_topic("War").pk))
    assert "Choose one" in editor.post(reverse("personalization_rules:add"), both).content.decode()


def test_sections_segments_languages_and_dates_bound_a_rule(site: Site, placement: Placement) -> None:
    index = article_index(site)
    pages = [make_article(site) for _ in range(6)]
    other = site.root_page.add_child(instance=ArticleIndexPage(title="Other", slug="other"))
    pages[0].move(other, "last-child")
    segment, now = Segment.objects.create(name="Cyclists"), timezone.now()
    rule = PlacementRule.objects.create(action="exclude", section=index)
    assert shown(site) == [pages[0].pk]
    rule.segment = segment
    rule.save()
    assert len(shown(site)) == 4
    assert shown(site, segments=frozenset({segment.pk})) == [pages[0].pk]
    for bounds in ({"locale": make_locale("fr")}, {"starts_at": now + timedelta(hours=1)}, {"ends_at": now}):
        PlacementRule.objects.all().delete()
        PlacementRule.objects.create(action="exclude", section=index, **bounds)
        assert len(shown(site)) == 4


def test_a_pinned_topic_takes_the_first_place_and_a_page_of_it_may_still_be_excluded(
    site: Site, placement: Placement
) -> None:
    space = make_topic("Space")
    pages = [make_article(site) for _ in range(40)]
    for page in pages[:2]:
        tag_page(page, space)
    PlacementRule.objects.create(placement=placement, action="pin", topic=space.pk)
    PlacementRule.objects.create(placement=placement, action="exclude", page=pages[1])
    slate = shown(site)
    assert slate[0] == pages[0].pk
    assert len(slate) == 4
    assert pages[1].pk not in slate


def test_the_list_says_what_where_whom_and_when_and_filters(editor: Client, site: Site, placement: Placement) -> None:
    article, topic = make_article(site, "On bridges"), make_topic("Space")
    tomorrow = timezone.now() + timedelta(days=1)
    PlacementRule.objects.create(placement=placement, action="pin", page=article, locale=make_locale("fr"))
    PlacementRule.objects.create(action="boost", topic=topic.pk, starts_at=tomorrow)
    PlacementRule.objects.create(action="bury", section=article_index(site))
    PlacementRule.objects.create(action="exclude", topic=999_999)
    content = editor.get(reverse("personalization_rules:index")).content.decode()
    for words in ("Pin “On bridges”", "Boost all on Space", "Bury all below “Articles”", "a topic that is gone"):
        assert words in content
    assert "All placements" in content
    assert "Not enough data" in content
    filtered = editor.get(reverse("personalization_rules:index"), {"state": "planned"}).context["object_list"]
    assert [rule.action for rule in filtered] == ["boost"]


def test_who_may_not_change_rules_sees_none_and_who_may_does(client: Client, site: Site) -> None:
    client.force_login(make_user())
    assert client.get(reverse("personalization_rules:index")).status_code == 302
    group = Group.objects.create(name="Chiefs")
    group.permissions.add(Permission.objects.get(codename="add_placementrule"))
    client.force_login(make_user(group))
    assert client.get(reverse("personalization_rules:add")).status_code == 200


class TestCost:
    """At position 1 nine of ten pages get a click in five; the pinned one gets none since it was pinned."""

    @pytest.fixture
    def rule(self, site: Site, placement: Placement) -> PlacementRule:
        pinned, other = make_article(site), make_article(site)
        now = timezone.now()
        rule = PlacementRule.objects.create(
            placement=placement, action="pin", page=pinned, starts_at=now - timedelta(days=30)
        )
        visitors = [Visitor.objects.create() for _ in range(20)]
        self.seen(visitors, other, now - timedelta(days=60), impressions=200, clicks=40)
        self.seen(visitors, pinned, now - timedelta(days=10), impressions=200, clicks=0)
        return rule

    def seen(self, visitors: list[Visitor], page: Any, at: Any, *, impressions: int, clicks: int) -> None:
        kinds = ["impression"] * impressions + ["click"] * clicks
        Event.objects.bulk_create(
            Event(
                event_id=uuid.uuid4(),
                visitor=visitors[number % len(visitors)],
                kind=kind,
                page=page,
                at=at,
                placement="sidebar",
                position=1,
            )
            for number, kind in enumerate(kinds)
        )

    def test_a_pin_that_nobody_clicks_costs_what_others_get(self, editor: Client, rule: PlacementRule) -> None:
        # 200 impressions in 30 days, of which others make 40 clicks; none of 45 expected with the prior: 5/45 of them.
        words = editor.get(reverse("personalization_rules:edit", args=[rule.pk])).content.decode()
        assert "Costs about 40 clicks a month" in words

    def test_too_few_readers_behind_it_and_nothing_is_said(
        self, editor: Client, rule: PlacementRule, settings: Any
    ) -> None:
        settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "K_ANONYMITY": 21}
        assert "Not enough data" in editor.get(reverse("personalization_rules:edit", args=[rule.pk])).content.decode()
