"""`{% recommended %}` and the StreamField block: what readers see, what caches may keep, and what never breaks."""

from __future__ import annotations

import logging
import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory

from personalization.middleware import VisitorMiddleware
from personalization.models import Placement, PlacementRule, Segment, ServedSlate
from personalization.visitors import affinity_of, cookie, store
from tests.factories import make_article, make_site, make_vector

pytestmark = pytest.mark.django_db

TAG = '{% load personalization_tags %}{% recommended "sidebar" %}'
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


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
    return Placement.objects.create(name="sidebar", title="Read next", n=3)


@pytest.fixture(autouse=True)
def _own_templates(settings):
    """The app's own, not those of the reference site."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": []}]


@pytest.fixture
def request_(site):
    request = RequestFactory(headers={"user-agent": FIREFOX}).get("/")
    request.user = AnonymousUser()
    return request


def render(source, request=None, **context):
    return Template(source).render(Context({"request": request, **context}))


def items(html):
    return re.findall(r'data-affinity-item="(\d+)"', html)


class TestTag:
    def test_it_lists_what_goes_with_the_page_and_says_why(self, request_, pages):
        html = render(TAG, request_, page=pages[0])
        assert items(html) == [str(page.pk) for page in pages[1:4]]
        assert "Read next" in html
        assert 'href="/articles/' in html
        assert "Related to this page" in html

    def test_affinity_js_finds_where_the_visitors_own_list_is(self, request_, pages, client):
        html = render('{% load personalization_tags %}{% recommended "sidebar" n=2 %}', request_, page=pages[0])
        (url,) = re.findall(r'data-affinity-fragment="([^"]+)"', html)
        assert re.search(r'data-affinity-slate="[0-9a-f-]{36}"', html)
        fragment = client.get(url.replace("&amp;", "&"))
        assert items(fragment.content.decode()) == items(html)
        assert len(items(html)) == 2

    def test_the_block_form_hands_out_items(self, request_, pages):
        source = (
            '{% load personalization_tags %}{% recommended "sidebar" n=2 as items %}'
            "{% for item in items %}[{{ item.position }} {{ item.title }} {{ item.page.pk }} {{ item.url }} "
            "{{ item.reasons.0 }} {{ item.score|yesno }} {{ item.slate_id }}]{% endfor %}{% endrecommended %}"
            "{{ items|default:'gone' }}"
        )
        html = render(source, request_, page=pages[0])
        assert f"[1 Article 1 {pages[1].pk} /articles/" in html
        assert "Related to this page yes" in html
        assert html.count("[") == 2
        assert html.endswith("gone")

    def test_a_page_without_a_request_has_its_list_too(self, pages):
        assert len(items(render(TAG, page=pages[0]))) == 3
        assert len(items(render(TAG))) == 3

    def test_heading_page_and_number_can_be_given(self, request_, pages):
        source = '{% load personalization_tags %}{% recommended name n=count page=other heading="More" %}'
        html = render(source, request_, name="sidebar", count="2", other=pages[4], page=pages[0])
        assert "More" in html
        assert "Read next" not in html
        assert items(html) == [str(pages[3].pk), str(pages[2].pk)]

    def test_a_placement_may_have_a_template_of_its_own(self, request_, pages, settings, tmp_path):
        folder = tmp_path / "personalization" / "recommended"
        folder.mkdir(parents=True)
        (folder / "sidebar.html").write_text("{% for item in items %}<b>{{ item.title }}</b>{% endfor %}")
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
        html = render(TAG, request_, page=pages[0])
        assert "<b>Article 1</b>" in html
        assert "data-affinity-slate" in html

    @pytest.mark.parametrize("tag", ["recommended", 'recommended "sidebar" size=4', 'recommended "sidebar" 4'])
    def test_a_wrong_tag_is_a_template_error_that_says_what_is_right(self, tag):
        with pytest.raises(TemplateSyntaxError, match="placement"):
            Template("{% load personalization_tags %}{% " + tag + " %}")


class TestCaching:
    """Page HTML stays publicly cacheable, unless a template asks for the visitor's own list in it."""

    def get(self, source, page, visitor_id):
        request = RequestFactory(headers={"user-agent": FIREFOX}).get("/")
        request.user = AnonymousUser()
        request.COOKIES["affinity_visitor"] = cookie._signer().sign(visitor_id.hex)
        middleware = VisitorMiddleware(lambda request: HttpResponse(render(source, request, page=page)))
        return middleware(request)

    def test_by_default_nothing_of_the_visitor_is_read(self, pages, django_assert_num_queries):
        visitor_id = store.create_visitor()
        response = self.get(TAG, pages[0], visitor_id)
        assert "Vary" not in response
        assert "Cache-Control" not in response
        assert not ServedSlate.objects.exists()

    def test_a_personal_list_makes_the_response_private(self, pages):
        visitor_id = store.create_visitor()
        source = '{% load personalization_tags %}{% recommended "sidebar" personal=True %}'
        response = self.get(source, pages[0], visitor_id)
        assert response["Vary"] == "Cookie"
        assert response["Cache-Control"] == "private"
        assert b"data-affinity-fragment" not in response.content
        assert ServedSlate.objects.get().visitor_id == visitor_id


class TestFaults:
    """Whatever goes wrong, the page is rendered and the log says what."""

    @pytest.mark.parametrize(
        "form", ['{% recommended "nowhere" %}', '{% recommended "" %}', "{% recommended missing %}"]
    )
    def test_an_unknown_placement_shows_the_newest_pages(self, request_, pages, form, caplog):
        html = render("{% load personalization_tags %}" + form, request_)
        assert items(html) == [str(page.pk) for page in reversed(pages[1:])]
        assert "Create it" in caplog.text

    @pytest.mark.parametrize("n", ["0", "-3", "9999", "four", "None", "1.5"])
    def test_a_wrong_number_is_no_error_page(self, request_, pages, n):
        html = render("{% load personalization_tags %}{% recommended 'sidebar' n=n %}after", request_, n=n)
        assert html.endswith("after")

    def test_a_source_that_fails_is_logged_and_the_newest_pages_come(self, request_, pages, monkeypatch, caplog):
        def fail(*args):
            raise RuntimeError("no index")

        monkeypatch.setattr("tagging.index.similar_to_page", fail)
        html = render(TAG, request_, page=pages[0])
        assert len(items(html)) == 4
        assert "no index" in caplog.text

    def test_a_failed_query_does_not_spoil_the_pages_transaction(self, request_, pages, monkeypatch):
        from django.db import connection

        def fail(*args):
            connection.cursor().execute("SELECT no_such_column")

        monkeypatch.setattr("tagging.index.similar_to_page", fail)
        assert len(items(render(TAG, request_, page=pages[0]))) == 4
        assert Placement.objects.count() == 1

    def test_a_broken_list_template_leaves_the_page_standing(self, request_, pages, settings, tmp_path, caplog):
        folder = tmp_path / "personalization"
        folder.mkdir()
        (folder / "recommended.html").write_text("{% load no_such_library %}")
        settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
        assert render("before" + TAG + "after", request_) == "beforeafter"
        assert caplog.records[-1].levelno == logging.ERROR

    def test_no_site_and_no_pages_is_no_list(self, request_):
        from wagtail.models import Site

        Site.objects.all().delete()
        assert render(TAG, request_).strip() == ""

    def test_a_page_that_is_no_page_is_ignored(self, request_, pages):
        assert len(items(render(TAG, request_, page={"title": "a dictionary"}))) == 3


class TestPreview:
    def test_a_new_page_without_an_id_has_its_list(self, request_, pages):
        request_.is_preview = True
        unsaved = type(pages[0])(title="Draft", date=pages[0].date)
        html = render(TAG, request_, page=unsaved)
        assert len(items(html)) == 3
        assert "data-affinity-fragment" not in html

    def test_a_segment_being_previewed_sees_its_pins_and_nothing_is_logged(self, request_, pages, placement):
        segment = Segment.objects.create(name="Cyclists")
        PlacementRule.objects.create(placement=placement, page=pages[4], segment=segment)
        request_.is_preview = True
        affinity_of(request_).forced_segments = frozenset({segment.pk})
        html = render(TAG, request_, page=pages[0])
        assert items(html)[0] == str(pages[4].pk)
        assert "Editors’ pick" in html
        assert not ServedSlate.objects.exists()
