"""The fragment that takes the place of a list in a page that was cached for everybody."""

from __future__ import annotations

import re

import pytest

from personalization.models import Placement, ServedSlate
from personalization.visitors import cookie, store
from tests.factories import make_article, make_private, make_site

pytestmark = pytest.mark.django_db

URL = "/api/personalization/v1/fragments/sidebar/"


@pytest.fixture
def pages():
    site = make_site()
    Placement.objects.create(name="sidebar", title="Read next", n=3)
    return [make_article(site, f"Article {number}") for number in range(4)]


@pytest.fixture
def visitor_id(client):
    visitor_id = store.create_visitor()
    client.cookies["affinity_visitor"] = cookie._signer().sign(visitor_id.hex)
    return visitor_id


def test_it_is_the_container_with_the_list(client, pages):
    response = client.get(URL, {"page": pages[0].pk, "n": 2})
    html = response.content.decode()
    assert response["Content-Type"].startswith("text/html")
    assert html.startswith('<div data-affinity-placement="sidebar" data-affinity-slate="')
    assert re.findall(r'data-affinity-item="(\d+)" data-affinity-position="(\d)"', html) == [
        (str(pages[3].pk), "1"),
        (str(pages[2].pk), "2"),
    ]
    assert "data-affinity-fragment" not in html
    assert "Article 0" not in html


def test_no_shared_cache_keeps_it(client, pages):
    response = client.get(URL)
    assert "private" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]


def test_a_list_that_did_not_change_is_neither_sent_nor_logged_again(client, pages, visitor_id):
    first = client.get(URL)
    assert ServedSlate.objects.count() == 1
    again = client.get(URL, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert ServedSlate.objects.count() == 1


def test_a_page_that_went_out_of_sight_changes_the_list_at_once(client, pages):
    first = client.get(URL)
    make_private(pages[3])
    again = client.get(URL, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 200
    assert "Article 3" not in again.content.decode()


def test_titles_are_escaped(client, pages):
    pages[3].title = "<script>alert(1)</script>"
    pages[3].save_revision().publish()
    html = client.get(URL).content.decode()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        (URL + "?n=0", 400, "n"),
        (URL.replace("sidebar", "nowhere"), 404, "placement"),
        (URL.replace("sidebar", "%00"), 404, "placement"),
        (URL.replace("sidebar", "a/b"), 404, "placement"),
        (URL + "?page=7777", 404, "page"),
    ],
)
def test_nonsense_gets_a_problem(client, pages, path, status, field):
    response = client.get(path)
    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["errors"][0]["field"] == field
