"""No page is recommended twice on one screen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from wagtail.models import Page, Site

from personalization.models import Placement
from tests.factories import make_article, make_site

pytestmark = pytest.mark.django_db

LOAD = "{% load personalization_tags %}"


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture(autouse=True)
def pages(site: Site) -> list[Page]:
    """The newest first."""
    for name in ("sidebar", "below"):
        Placement.objects.create(name=name, n=3, strategy="recent")
    return [make_article(site, f"Article {number}") for number in range(10)][::-1]


def ids(pages: list[Page]) -> list[int]:
    return [page.pk for page in pages]


@pytest.fixture
def request_(site: Site) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    return request


def shown(source: str, request: HttpRequest | None, **context: Any) -> list[int]:
    html = Template(LOAD + source).render(Context({"request": request, **context}))
    return [int(page_id) for page_id in re.findall(r'data-affinity-item="(\d+)"', html)]


def test_placements_of_one_screen_share_no_page(request_: HttpRequest, pages: list[Page]) -> None:
    assert shown('{% recommended "sidebar" %}{% recommended "below" %}', request_) == ids(pages[:6])


def test_a_placement_that_stands_there_twice_shows_the_same(request_: HttpRequest, pages: list[Page]) -> None:
    assert shown('{% recommended "sidebar" %}' * 2, request_) == ids(pages[:3]) * 2


def test_the_next_screen_begins_anew(site: Site, pages: list[Page]) -> None:
    for _ in range(2):
        request = RequestFactory().get("/")
        request.user = AnonymousUser()
        assert shown('{% recommended "sidebar" %}', request) == ids(pages[:3])


@pytest.mark.parametrize(
    "source", ["{% already_shown top %}{% recommended 'below' %}", "{% recommended 'below' exclude=top %}"]
)
def test_what_the_template_shows_is_not_recommended(source: str, request_: HttpRequest, pages: list[Page]) -> None:
    for top in (
        pages[:2],
        ids(pages[:2]),
        type(pages[0]).objects.filter(pk__in=ids(pages[:2])),
        [pages[0], [pages[1].pk]],
    ):
        request_.affinity_screen = None
        assert shown(source, request_, top=top) == ids(pages[2:5])


def test_the_readers_own_list_leaves_out_the_same(client: Client, request_: HttpRequest, pages: list[Page]) -> None:
    html = Template(LOAD + "{% already_shown top %}{% recommended 'sidebar' %}").render(
        Context({"request": request_, "top": pages[:2]})
    )
    url = re.search(r'data-affinity-fragment="([^"]+)"', html)[1].replace("&amp;", "&")
    assert f"exclude={pages[1].pk}%2C{pages[0].pk}" in url
    fragment = client.get(f"{url},,{pages[2].pk}").content.decode()
    assert [int(page_id) for page_id in re.findall(r'data-affinity-item="(\d+)"', fragment)] == ids(pages[3:6])


def test_the_api_leaves_out_what_it_is_told(client: Client, pages: list[Page]) -> None:
    url = "/api/personalization/v1/recommendations/"
    answer = client.get(url, {"placement": "sidebar", "exclude": f"{pages[0].pk},9999999999"}).json()
    assert [item["id"] for item in answer["items"]] == ids(pages[1:4])
    assert client.get(url, {"placement": "sidebar", "exclude": "1;2"}).status_code == 400


def test_the_front_page_repeats_no_story_for_a_reader_nothing_is_known_of(client: Client, site: Site) -> None:
    Placement.objects.create(name="home", n=3)
    for _ in range(4):
        make_article(site)
    html = client.get("/").content.decode()
    above, strip = html.split('<div class="strip">')
    links = re.compile(r'href="(/articles/[^"]+/)"')
    assert len(set(links.findall(above))) >= 3
    recommended = set(links.findall(strip.split("desk")[0]))
    assert len(recommended) == 3
    assert not recommended & set(links.findall(above))
