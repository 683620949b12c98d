"""Preview as a segment: what its readers would see, and no trace of having looked."""

from __future__ import annotations

from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from wagtail.models import Site

from cms_site.models import ArticlePage
from personalization.models import Event, Placement, PlacementRule, Segment, ServedSlate, Visitor
from personalization.visitors import affinity_of
from tests.factories import make_article, make_editor, make_site, make_topic, make_vector, tag_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture
def segments(site: Site) -> dict[str, Segment]:
    """Two segments on two topics, each with two tagged articles, and a placement that blends."""
    found = {}
    for name, axis in (("Cyclists", (1, 0, 0)), ("Gardeners", (0, 1, 0))):
        topic = make_topic(name)
        for number in range(2):
            page = make_article(site, f"{name} {number}")
            make_vector(page, *axis)
            tag_page(page, topic)
        rule = {"type": "topic", "topic": topic.pk, "operator": "at_least", "value": 0.2}
        found[name] = Segment.objects.create(name=name, rules={"match": "all", "rules": [rule]})
    Placement.objects.create(name="sidebar", n=2)
    return found


def preview(page: ArticlePage, mode: str, client: Client) -> Any:
    """The request that the page's template saw, and the answer."""
    response = page.make_preview_request(client.get("/admin/").wsgi_request, mode)
    return response.context_data["request"], response


def recommended(request: Any, page: ArticlePage) -> str:
    template = Template("{% load personalization_tags %}{% recommended 'sidebar' %}")
    return template.render(Context({"request": request, "page": page}))


def test_each_enabled_segment_is_a_preview_mode(site: Site) -> None:
    page = make_article(site)
    usual = len(page.preview_modes)
    enabled = Segment.objects.create(name="Cyclists")
    Segment.objects.create(name="Retired", is_enabled=False)
    assert page.preview_modes[usual:] == [(f"segment-{enabled.pk}", "As segment: Cyclists")]
    assert page.default_preview_mode == ""


def test_segments_see_different_recommendations(client: Client, site: Site, segments: dict[str, Segment]) -> None:
    client.force_login(make_editor())
    page = make_article(site, "The page being edited")
    shown = {}
    for name, segment in segments.items():
        request, response = preview(page, f"segment-{segment.pk}", client)
        assert response.status_code == 200
        shown[name] = recommended(request, page)
    assert "Cyclists 0" in shown["Cyclists"]
    assert "Gardeners" not in shown["Cyclists"]
    assert "Gardeners 0" in shown["Gardeners"]
    assert "Cyclists" not in shown["Gardeners"]


def test_a_segments_pins_come_first(client: Client, site: Site, segments: dict[str, Segment]) -> None:
    client.force_login(make_editor())
    page, pinned = make_article(site), make_article(site, "The editors' own choice")
    placement = Placement.objects.get()
    PlacementRule.objects.create(placement=placement, page=pinned, segment=segments["Cyclists"], sort_order=0)
    with_pin, _response = preview(page, f"segment-{segments['Cyclists'].pk}", client)
    without, _response = preview(page, f"segment-{segments['Gardeners'].pk}", client)
    assert "The editors&#x27; own choice" in recommended(with_pin, page)
    assert "The editors&#x27; own choice" not in recommended(without, page)


def test_a_preview_leaves_no_trace(client: Client, site: Site, segments: dict[str, Segment]) -> None:
    client.force_login(make_editor())
    page = make_article(site)
    request, response = preview(page, f"segment-{segments['Cyclists'].pk}", client)
    recommended(request, page)
    assert affinity_of(request).visitor_id is None
    assert not affinity_of(request).is_counted
    assert not response.cookies
    assert [model.objects.count() for model in (Visitor, Event, ServedSlate)] == [0, 0, 0]


@pytest.mark.parametrize("mode", ["", "segment-", "segment-x", "segment-999999"])
def test_a_mode_that_names_no_segment_is_a_plain_preview(client: Client, site: Site, mode: str) -> None:
    client.force_login(make_editor())
    _request, response = preview(make_article(site), mode, client)
    assert response.status_code == 200
