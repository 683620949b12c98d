"""`recommendations/`: the shape of its answers, and an answer to every kind of nonsense."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User

from personalization.models import Placement, ServedSlate
from personalization.visitors import cookie, store
from tests.factories import make_article, make_editor, make_locale, make_private, make_site, make_vector

pytestmark = pytest.mark.django_db

URL = "/api/personalization/v1/recommendations/"


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def pages(site):
    pages = [make_article(site, f"Article {number}") for number in range(5)]
    for number, page in enumerate(pages):
        make_vector(page, 1, number / 10)
    return pages


@pytest.fixture(autouse=True)
def placement():
    return Placement.objects.create(name="sidebar", n=3)


def as_visitor(client):
    """Consents, and gives the visitor's id."""
    visitor_id = store.create_visitor()
    client.cookies["affinity_visitor"] = cookie._signer().sign(visitor_id.hex)
    return visitor_id


def test_items_have_the_shape_of_wagtails_api(client, pages):
    answer = client.get(URL, {"placement": "sidebar", "page": pages[0].pk, "n": 2}).json()
    assert answer["meta"]["total_count"] == 2
    assert answer["meta"]["placement"] == "sidebar"
    item = answer["items"][0]
    assert item["id"] == pages[1].pk
    assert item["title"] == "Article 1"
    assert item["meta"]["type"] == "cms_site.ArticlePage"
    assert item["meta"]["html_url"] == f"http://localhost/articles/{pages[1].slug}/"
    assert item["meta"]["slug"] == pages[1].slug
    assert item["meta"]["locale"] == "en"
    assert item["meta"]["first_published_at"].startswith("20")
    assert 0 < item["score"] <= 1
    assert item["reasons"] == [{"code": "similar", "text": "Related to this page"}]
    assert item["slate"] == answer["meta"]["slate"]


def test_reasons_come_in_the_locales_language_not_the_browsers(client, site, pages, settings):
    make_locale("fr")
    answer = client.get(URL, {"placement": "sidebar", "page": pages[0].pk}, headers={"accept-language": "fr"})
    assert answer.json()["items"][0]["reasons"][0]["text"] == "Related to this page"
    assert client.get(URL, {"placement": "sidebar", "locale": "fr"}).json()["items"] == []


def test_no_shared_cache_keeps_an_answer_and_no_cookie_comes_with_it(client, pages):
    response = client.get(URL, {"placement": "sidebar"})
    assert "private" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]
    assert not response.cookies
    assert not ServedSlate.objects.exists()


def test_what_a_consenting_visitor_was_served_is_logged(client, pages):
    visitor_id = as_visitor(client)
    answer = client.get(URL, {"placement": "sidebar", "page": pages[0].pk}).json()
    row = ServedSlate.objects.get()
    assert (str(row.pk), row.visitor_id) == (answer["meta"]["slate"], visitor_id)


@pytest.mark.parametrize("who", ["editor", "bot", "do not track"])
def test_nobody_else_is_logged(client, pages, who):
    as_visitor(client)
    headers = {}
    if who == "editor":
        client.force_login(make_editor())
    elif who == "bot":
        headers["user-agent"] = "Googlebot/2.1"
    else:
        headers["DNT"] = "1"
    assert client.get(URL, {"placement": "sidebar"}, headers=headers).status_code == 200
    assert not ServedSlate.objects.exists()


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("", 400, "placement"),
        ("placement=", 400, "placement"),
        ("placement=nowhere", 404, "placement"),
        ("placement=side%00bar", 400, "placement"),
        ("placement=side%20bar", 400, "placement"),
        ("placement=" + "x" * 500, 400, "placement"),
        ("placement=sidebar&n=0", 400, "n"),
        ("placement=sidebar&n=-1", 400, "n"),
        ("placement=sidebar&n=10000", 400, "n"),
        ("placement=sidebar&n=four", 400, "n"),
        ("placement=sidebar&n=4.5", 400, "n"),
        ("placement=sidebar&n=", 400, "n"),
        ("placement=sidebar&n=%D9%A4", 400, "n"),
        ("placement=sidebar&n=" + "9" * 5000, 400, "n"),
        ("placement=sidebar&page=0", 400, "page"),
        ("placement=sidebar&page=99999999999999999999", 400, "page"),
        ("placement=sidebar&page=2147483647", 404, "page"),
        ("placement=sidebar&page=1%00", 400, "page"),
        ("placement=sidebar&page=home", 400, "page"),
        ("placement=sidebar&locale=xx", 404, "locale"),
        ("placement=sidebar&locale=%00", 400, "locale"),
        ("placement=sidebar&locale=", 400, "locale"),
        ("placement=sidebar&locale=" + "e" * 500, 400, "locale"),
    ],
)
def test_nonsense_gets_a_problem_that_names_the_field(client, pages, query, status, field):
    response = client.get(f"{URL}?{query}")
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert {error["field"] for error in problem["errors"]} == {field}
    assert field in problem["detail"]


class TestPagesTheCallerMayNotSee:
    def status(self, client, page):
        return client.get(URL, {"placement": "sidebar", "page": page.pk}).status_code

    def test_a_draft_and_a_missing_page_look_the_same(self, client, site, pages):
        assert self.status(client, make_article(site, publish=False)) == 404

    def test_a_private_page_is_there_for_those_who_are_let_in(self, client, site, pages):
        page = make_article(site)
        make_private(page)
        assert self.status(client, page) == 404
        client.force_login(User.objects.create_user("member"))
        assert self.status(client, page) == 200

    def test_a_page_of_another_site_is_not_here(self, client, pages):
        other = make_site("other.example", is_default=False)
        assert self.status(client, make_article(other)) == 404


def test_only_get_is_allowed(client):
    response = client.post(URL, "{}", content_type="application/json")
    assert response.status_code == 405
    assert response["Content-Type"] == "application/problem+json"
    assert "GET" in response["Allow"]


def test_a_client_that_asks_too_often_is_told_when_to_come_back(client, pages, settings):
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "RECOMMENDATIONS_RATE": "2/min"}
    codes = [client.get(URL, {"placement": "sidebar"}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    response = client.get(URL, {"placement": "sidebar"})
    assert response["Content-Type"] == "application/problem+json"
    assert int(response["Retry-After"]) > 0


def test_a_forged_cookie_is_nobody(client, pages):
    client.cookies["affinity_visitor"] = f"{uuid.uuid4().hex}:nonsense"
    assert client.get(URL, {"placement": "sidebar"}).status_code == 200
    assert not ServedSlate.objects.exists()
