"""Placements in Wagtail's admin: what editors set, and what they are told of it."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from wagtail.models import ModelLogEntry
from wagtail.test.utils.form_data import inline_formset, nested_form_data

from cms_site.models import ArticlePage
from personalization.models import Event, Placement, Segment, Visitor
from tests.factories import make_article, make_editor, make_site, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(make_editor())
    return client


def form(*rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    data = {
        "name": "sidebar",
        "title": "Read next",
        "n": "3",
        "strategy": "blend",
        "minimum_score": "0",
        "when_read": "out",
        "diversity": "0.25",
        "max_per_topic": "",
        "max_per_author": "2",
        "max_per_section": "",
        "freshness_days": "",
        "popularity_debias": "0",
        "patience": "5",
        "exploration": "0.05",
        "page_rules": inline_formset(list(rules)),
    }
    return nested_form_data(data | changes)


def test_an_editor_sets_a_placement_with_pins_for_a_segment(editor: Client) -> None:
    site = make_site()
    first, second = make_article(site), make_article(site)
    segment = Segment.objects.create(name="Cyclists")
    rules = [
        {"action": "pin", "page": str(first.pk), "segment": str(segment.pk), "strength": "3"},
        {"action": "exclude", "page": str(second.pk), "segment": "", "strength": "3"},
    ]
    types = {"page_types": [str(ContentType.objects.get_for_model(ArticlePage).pk)]}
    data = form(*rules) | types | {"page_rules-0-ORDER": "2", "page_rules-1-ORDER": "1"}
    response = editor.post(reverse("personalization_placements:add"), data)
    assert response.status_code == 302
    placement = Placement.objects.get(name="sidebar")
    saved = list(placement.page_rules.values_list("action", "page_id", "segment_id"))
    assert saved == [("exclude", second.pk, None), ("pin", first.pk, segment.pk)]
    assert placement.page_types.get().model_class() is ArticlePage
    assert ModelLogEntry.objects.filter(action="wagtail.create", object_id=str(placement.pk)).exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "no spaces"),
        ("n", "0"),
        ("n", "25"),
        ("diversity", "1.5"),
        ("minimum_score", "-1"),
        ("strategy", "x"),
        ("when_read", "never"),
        ("max_per_topic", "0"),
        ("freshness_days", "0"),
        ("popularity_debias", "1.1"),
        ("patience", "0"),
        ("exploration", "0.6"),
    ],
)
def test_a_wrong_value_is_told_at_its_field(editor: Client, field: str, value: str) -> None:
    response = editor.post(reverse("personalization_placements:add"), form(**{field: value}))
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert not Placement.objects.exists()


def test_only_page_types_that_may_be_recommended_are_offered(editor: Client) -> None:
    response = editor.get(reverse("personalization_placements:add"))
    offered = [content_type.model_class() for content_type in response.context["form"].fields["page_types"].queryset]
    assert offered == [ArticlePage]


def test_the_form_shows_how_to_use_the_placement(editor: Client) -> None:
    placement = Placement.objects.create(name="sidebar")
    page = editor.get(reverse("personalization_placements:edit", args=[placement.pk])).content.decode()
    assert "{% recommended &quot;sidebar&quot; %}" in page
    assert "/recommendations/?placement=sidebar" in page
    assert f"{reverse('personalization_why:index')}?placement={placement.pk}" in page
    assert "affinity-copy" in page
    assert "affinity-copy" not in editor.get(reverse("personalization_placements:add")).content.decode()


def test_the_list_tells_clicks_per_impression_of_thirty_days(editor: Client) -> None:
    page = make_article(make_site())
    Placement.objects.create(name="sidebar", strategy="similar")
    Placement.objects.create(name="unseen")
    visitors = [Visitor.objects.create() for _ in range(10)]
    days = [(kind, age) for kind, ages in {"impression": (0, 1, 29, 31), "click": (1, 31)}.items() for age in ages]
    for visitor, (kind, age) in itertools.product(visitors, days):
        at = timezone.now() - timedelta(days=age)
        Event.objects.create(event_id=uuid.uuid4(), visitor=visitor, kind=kind, page=page, at=at, placement="sidebar")
    content = editor.get(reverse("personalization_placements:index")).content.decode()
    assert "33.3\xa0%" in content
    assert "Related to the page being read" in content
    assert "–" in content


def test_who_may_not_edit_placements_sees_nothing_of_them(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(reverse("personalization_placements:index")).status_code == 302
