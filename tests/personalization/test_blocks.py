"""The StreamField block: what editors choose, and that readers get what the tag gives."""

from __future__ import annotations

import re

import pytest
from django.test import RequestFactory

from personalization.blocks import RecommendedBlock
from personalization.models import Placement
from tests.factories import make_article, make_site, make_vector

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(settings):
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": []}]
    site = make_site()
    Placement.objects.create(name="sidebar", title="Read next", n=3)
    pages = [make_article(site, f"Article {number}") for number in range(4)]
    for number, page in enumerate(pages):
        make_vector(page, 1, number / 10)
    return pages


def value(**fields):
    block = RecommendedBlock()
    return block, block.to_python({"heading": "", "placement": "sidebar", "n": None, **fields})


def test_placements_are_read_when_the_form_is_shown(pages):
    block = RecommendedBlock()
    Placement.objects.create(name="footer")
    choices = [choice for choice, _ in block.child_blocks["placement"].field.choices]
    assert choices == ["", "footer", "sidebar"]


def test_it_renders_what_the_tag_renders(pages):
    block, chosen = value(heading="For you", n=2)
    html = block.render(chosen, context={"page": pages[0], "request": RequestFactory().get("/")})
    assert re.findall(r'data-affinity-item="(\d+)"', html) == [str(pages[1].pk), str(pages[2].pk)]
    assert "For you" in html
    assert "data-affinity-fragment" in html


def test_left_empty_the_placements_own_heading_and_number_hold(pages):
    block, chosen = value()
    html = block.render(chosen, context={"page": pages[0]})
    assert "Read next" in html
    assert html.count("data-affinity-item") == 3


def test_a_placement_that_was_deleted_leaves_the_page_standing(pages):
    block, chosen = value(placement="gone")
    assert "data-affinity-item" in block.render(chosen, context={"page": pages[0]})


def test_what_it_shows_is_not_what_the_page_says(pages):
    block, chosen = value(heading="For you")
    assert block.get_searchable_content(chosen) == []
