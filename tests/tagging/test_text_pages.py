"""The text of saved pages."""

from __future__ import annotations

import pytest
from wagtail.models import Page

from cms_site.models import TopicPage
from tagging.text import extract
from tests.factories import make_article, make_locale, make_site, make_topic

pytestmark = pytest.mark.django_db


def test_base_page_is_read_as_what_it_is():
    page = make_article(make_site(), "Floods", body="Rain fell on <b>Leeds</b>.")
    text = extract(Page.objects.get(pk=page.pk))
    assert (text.page_id, text.title, text.body) == (page.pk, "Floods", ("Rain fell on Leeds.",))


def test_language_is_the_pages_locale():
    french = make_article(make_site(), "Crues", locale=make_locale("fr"))
    assert extract(french).language == "fr"


def test_rich_text_intro_is_the_summary_of_any_page_type():
    site = make_site()
    page = TopicPage(title="Rivers", intro="<p>All about</p><p>rivers.</p>", topic=make_topic("Rivers"))
    site.root_page.add_child(instance=page)
    assert extract(page).summary == "All about rivers."


def test_same_page_gives_the_same_hash():
    page = make_article(make_site(), "Floods")
    first, again = extract(page), extract(Page.objects.get(pk=page.pk))
    assert first.content_hash == again.content_hash
