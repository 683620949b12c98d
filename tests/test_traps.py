"""Traps that such software falls into, where no test of one module alone would notice.

The others are held beside their code. In tests/tagging: a filtered search that finds less than exists (test_index),
tags that come back (test_decisions), tags that differ by case or plural (test_topic_admin), parts of words
(test_topics), a task before the commit (test_signal_handlers), freshness and embedding in the request
(test_operations), growing memory (test_ner_recognizers). In tests/personalization: the page in its own list
(test_operations), a cookie before consent (test_consent_api), a query for each rule and bots (test_visitors).
"""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from wagtail.models import Page

from cms_site.models import HomePage
from personalization.models import Placement, Profile
from personalization.visitors import cookie, store
from tests.factories import (
    article_index,
    make_article,
    make_embedding_model,
    make_private,
    make_site,
    make_topic,
    make_vector,
    make_views,
    tag_page,
)

ROOT = Path(__file__).parent.parent
API = "/api/personalization/v1/"


@pytest.fixture
def site(db):
    return make_site("testserver")


@pytest.fixture
def placement(db):
    return Placement.objects.create(name="sidebar", n=3, strategy="blend")


def recommended(client, **asked):
    response = client.get(f"{API}recommendations/", {"placement": "sidebar", **asked})
    assert response.status_code == 200
    return [item["id"] for item in response.json()["items"]]


class TestAPrivatePageInAPublicAnswer:
    """A slate that is cached, or made from an index that does not know yet, names only what anybody may see now."""

    @pytest.fixture
    def section(self, site):
        """A second article index, so that something can be above a page and not above the others."""
        return site.root_page.add_child(instance=HomePage(title="Section", slug="section"))

    @pytest.fixture
    def cached(self, site, section, placement):
        """The page being read, and another that has just been recommended beside it."""
        here, other = make_article(site), make_article(site)
        other.move(section, pos="last-child")
        make_vector(here, 1, 0, 0)
        make_vector(Page.objects.get(pk=other.pk), 1, 0.1, 0)
        assert recommended(Client(), page=here.pk) == [other.pk]
        return here, Page.objects.get(pk=other.pk).specific

    def test_after_the_branch_above_it_was_closed(self, cached, section):
        here, _other = cached
        make_private(Page.objects.get(pk=section.pk))
        assert recommended(Client(), page=here.pk) == []

    def test_after_it_was_unpublished(self, cached):
        here, other = cached
        other.unpublish()
        assert recommended(Client(), page=here.pk) == []

    def test_after_it_expired(self, cached):
        here, other = cached
        Page.objects.filter(pk=other.pk).update(expire_at=timezone.now() - timedelta(seconds=1))
        assert recommended(Client(), page=here.pk) == []

    def test_after_it_moved_to_another_site(self, cached):
        here, other = cached
        elsewhere = make_site("other.example", is_default=False)
        other.move(article_index(elsewhere), pos="last-child")
        assert recommended(Client(), page=here.pk) == []

    def test_after_it_was_deleted(self, cached):
        here, other = cached
        other.delete()
        assert recommended(Client(), page=here.pk) == []

    def test_an_alias_is_as_private_as_its_source(self, site, placement):
        source = make_article(site)
        alias = source.create_alias(update_slug="alias")
        alias_of_alias = alias.create_alias(update_slug="alias-of-alias")
        make_views(alias, 100)
        assert {alias.pk, alias_of_alias.pk} <= set(recommended(Client()))
        make_private(source)
        assert recommended(Client()) == []
        assert Client().get(alias.url).status_code == 302, "as Wagtail itself has it"


class TestOneVisitorsVariantServedToEveryone:
    """With a cache in front of the whole site, nobody gets what was made for another."""

    @pytest.fixture(autouse=True)
    def _cached_site(self, settings):
        first, last = "UpdateCacheMiddleware", "FetchFromCacheMiddleware"
        settings.MIDDLEWARE = [
            f"django.middleware.cache.{first}",
            *settings.MIDDLEWARE,
            f"django.middleware.cache.{last}",
        ]
        settings.CACHE_MIDDLEWARE_SECONDS = 600

    @pytest.fixture
    def pages(self, site, placement):
        make_embedding_model()
        pages = [make_article(site) for _ in range(4)]
        self.topics = [make_topic("Bridges"), make_topic("Opera")]
        for page, topic in zip(pages, [*self.topics, *self.topics], strict=True):
            tag_page(page, topic)
            make_vector(page, 1 if topic == self.topics[0] else 0, 1 if topic == self.topics[1] else 0, 0.1)
        return pages

    def reader_of(self, topic):
        client, visitor_id = Client(), store.create_visitor()
        Profile.objects.filter(pk=visitor_id).update(topics={str(topic.pk): 1.0}, mass=3.0, views=3)
        client.cookies["affinity_visitor"] = cookie._signer().sign(visitor_id.hex)
        return client

    @pytest.mark.parametrize("path", ["recommendations/?placement=sidebar&n=1", "fragments/sidebar/?n=1"])
    def test_lists(self, pages, path):
        answers = [self.reader_of(topic).get(API + path).content.decode() for topic in self.topics]
        assert "Bridges" in answers[0]
        assert "Opera" in answers[1]
        assert not {"Bridges", "Opera"} & set(Client().get(API + path).content.decode().split())

    def test_the_state_of_consent(self, pages):
        assert self.reader_of(self.topics[0]).get(f"{API}consent/").json()["personalization"] is True
        assert Client().get(f"{API}consent/").json()["personalization"] is None

    def test_a_problem(self, pages):
        make_private(pages[0])
        path = f"{API}recommendations/?placement=sidebar&page={pages[0].pk}"
        assert Client().get(path)["Cache-Control"] == "no-store"

    def test_page_html_is_the_same_for_all_and_stays_cacheable(self, pages):
        first = self.reader_of(self.topics[0]).get(pages[3].url)
        assert "Cookie" not in first.get("Vary", "")
        assert "private" not in first.get("Cache-Control", "")
        assert not first.cookies
        cache.clear()
        other = self.reader_of(self.topics[1]).get(pages[3].url)
        assert items(other) == items(first)
        assert b"Bridges</p>" not in other.content


def items(response):
    return [line for line in response.content.decode().splitlines() if "data-affinity-item" in line]


class TestMMROutputResortedByScore:
    """The varied order is what readers get, in HTML and over the API, though its scores do not fall."""

    def test_the_twin_of_the_best_stays_behind(self, client, site, placement):
        Placement.objects.filter(pk=placement.pk).update(strategy="similar", diversity=0.9)
        here, best, twin, other = (make_article(site) for _ in range(4))
        for page, vector in [(here, (1, 0, 0)), (best, (1, 0.1, 0)), (twin, (1, 0.11, 0)), (other, (0.6, 0, 1))]:
            make_vector(page, *vector)
        answer = client.get(f"{API}recommendations/", {"placement": "sidebar", "page": here.pk}).json()["items"]
        assert [item["id"] for item in answer] == [best.pk, other.pk, twin.pk]
        assert answer[1]["score"] < answer[2]["score"]
        html = client.get(f"{API}fragments/sidebar/", {"page": here.pk}).content.decode()
        places = [html.index(f'data-affinity-item="{page.pk}"') for page in (best, other, twin)]
        assert places == sorted(places)


def _frozen(tree: ast.Module) -> list[str]:
    """Settings read while a module is imported: outside any function, or as a default value in its signature."""
    found: list[str] = []

    def visit(node: ast.AST, is_import_time: bool) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            early = [
                *node.args.defaults,
                *(d for d in node.args.kw_defaults if d),
                *getattr(node, "decorator_list", []),
            ]
            for part in early:
                visit(part, is_import_time)
            body = node.body if isinstance(node.body, list) else [node.body]
            for part in body:
                visit(part, False)
            return
        if is_import_time and isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            is_setting = node.value.id in ("settings", "django_settings") and node.attr.isupper()
            if is_setting and node.attr != "AUTH_USER_MODEL":  # which Django itself freezes in migrations
                found.append(f"{node.attr} in line {node.lineno}")
        for child in ast.iter_child_nodes(node):
            visit(child, is_import_time)

    visit(tree, True)
    return found


def test_settings_frozen_at_import():
    frozen = {}
    for app in ("tagging", "personalization"):
        for path in (ROOT / app).rglob("*.py"):
            if found := _frozen(ast.parse(path.read_text())):
                frozen[str(path.relative_to(ROOT))] = found
    assert frozen == {}
    assert _frozen(ast.parse("N = settings.MAX_ITEMS\ndef f(n=settings.MAX_ITEMS): return settings.MAX_ITEMS")) == [
        "MAX_ITEMS in line 1",
        "MAX_ITEMS in line 2",
    ]
