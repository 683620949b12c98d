"""The text of pages: every word that a reader sees, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps
from hypothesis import given
from hypothesis import strategies as st
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail import blocks
from wagtail.admin.panels import FieldPanel
from wagtail.blocks import StreamValue

from cms_site.models import ArticlePage
from personalization.blocks import RecommendedBlock
from tagging.text import extract
from tagging.text.blocks import block_paragraphs
from tagging.text.clean import paragraphs, plain
from tagging.text.fields import named_paragraphs
from tagging.text.machine import is_prose

pytestmark = pytest.mark.django_db


def article(**fields: Any) -> ArticlePage:
    """An unsaved article: extraction needs no database."""
    page = ArticlePage(pk=1, title="The bridge", **fields)
    page.locale = SimpleNamespace(language_code="en")  # type: ignore[assignment]
    return page


@pytest.fixture(autouse=True)
def _plain_locale(monkeypatch):
    """Let unsaved pages have a locale that is no row."""
    monkeypatch.setattr(ArticlePage, "locale", None)
    monkeypatch.setattr(ArticlePage, "specific", property(lambda self: self))


def test_reads_an_article_in_the_order_of_the_editor():
    page = article(
        intro="It was closed on Monday.",
        author="Jane Doe",
        body=[
            ("heading", "What the engineers found"),
            ("paragraph", "<p>One <b>cracked</b> beam.</p><p>Two&nbsp;rusted bolts &amp; a nest.</p>"),
            ("quote", {"text": "It held for a century.", "attribution": "Ada Brunel"}),
            ("embed", None),
        ],
    )
    text = extract(page)
    assert text.title == "The bridge"
    assert text.summary == "It was closed on Monday."
    assert text.body == (
        "What the engineers found",
        "One cracked beam.",
        "Two rusted bolts & a nest.",
        "It held for a century.",
        "Ada Brunel",
    )
    assert text.language == "en"


def test_byline_is_not_what_a_page_says():
    assert "Jane" not in " ".join(extract(article(author="Jane Doe")).paragraphs())


def test_title_and_summary_are_not_repeated_in_the_body():
    page = article(
        intro="Closed until spring.",
        body=[("heading", "THE BRIDGE"), ("paragraph", "<p>Closed until spring.</p><p>A detour is marked.</p>")],
    )
    assert extract(page).body == ("A detour is marked.",)


def test_search_description_stands_in_for_a_missing_summary():
    assert extract(article(search_description="What happened")).summary == "What happened"
    assert extract(article(search_description="What happened", intro="Read on")).summary == "Read on"


def test_page_with_only_a_title_is_empty():
    assert extract(article()).is_empty


@pytest.mark.parametrize("own", ["<p>One.</p><p>Two.</p>", ["One.", "Two."], lambda: ("One.", "Two.")])
def test_page_type_may_say_its_own_text(own, monkeypatch):
    monkeypatch.setattr(ArticlePage, "tagging_text", staticmethod(own) if callable(own) else own, raising=False)
    assert extract(article(intro="Not read")).paragraphs() == ("The bridge", "One.", "Two.")


def _shout(page: Any) -> str:
    return page.title.upper() + " IS OPEN"


def test_setting_says_a_page_types_text():
    with override_settings(WAGTAIL_TAGGING={"TEXT": {"cms_site.ArticlePage": f"{__name__}._shout"}}):
        assert extract(article(intro="Not read")).body == ("THE BRIDGE IS OPEN",)


class Gadget(models.Model):
    """A model with every kind of field, read as a page's child would be."""

    colour = models.CharField(max_length=20, choices=[("red", "Crimson red")])
    contact = models.EmailField()
    link = models.URLField()
    code = models.SlugField()
    css_class = models.CharField(max_length=50)
    amount = models.IntegerField(default=3)
    is_new = models.BooleanField(default=True)
    notes = models.TextField()
    label = models.CharField(max_length=50)
    video = models.CharField(max_length=50)

    class Meta:
        app_label = "text_tests"


def test_only_prose_of_a_model_is_read():
    gadget = Gadget(
        colour="red",
        contact="a@example.org",
        link="https://example.org",
        code="a-code",
        css_class="wide blue",
        notes="First line\nof one paragraph.\n\nSecond   paragraph.",
        label="A good gadget",
        video="dQw4w9WgXcQ",
    )
    found = dict(named_paragraphs(gadget))
    assert found == {"notes": ["First line of one paragraph.", "Second paragraph."], "label": ["A good gadget"]}


@isolate_apps("cms_site")
def test_inline_children_are_read_where_their_panel_stands():
    class Recipe(ClusterableModel):
        story = models.TextField()
        content_panels = ["steps", FieldPanel("story")]

        class Meta:
            app_label = "cms_site"

    class Step(models.Model):
        recipe = ParentalKey(Recipe, on_delete=models.CASCADE, related_name="steps")
        instruction = models.CharField(max_length=200)
        minutes = models.IntegerField(default=5)

        class Meta:
            app_label = "cms_site"

    recipe = Recipe(story="Grandmother's.", steps=[Step(instruction="Knead it"), Step(instruction="Let it rest")])
    assert list(named_paragraphs(recipe)) == [("steps", ["Knead it", "Let it rest"]), ("story", ["Grandmother's."])]


def read(block: blocks.Block, value: Any) -> list[str]:
    return list(block_paragraphs(block, block.normalize(value)))


def test_nested_blocks_are_read_to_any_depth():
    card = blocks.StructBlock([("title", blocks.CharBlock()), ("tags", blocks.ListBlock(blocks.CharBlock()))])
    stream = blocks.StreamBlock([("cards", blocks.ListBlock(card)), ("text", blocks.RichTextBlock())])
    value = StreamValue(
        stream,
        [
            ("cards", stream.child_blocks["cards"].normalize([{"title": "First", "tags": ["of all", "of many"]}])),
            ("text", stream.child_blocks["text"].normalize("<h2>Then</h2><ul><li>this</li><li>that</li></ul>")),
        ],
    )
    assert list(block_paragraphs(stream, value)) == ["First", "of all", "of many", "Then", "this", "that"]


def test_choices_addresses_and_numbers_are_not_prose():
    block = blocks.StructBlock(
        [
            ("size", blocks.ChoiceBlock(choices=[("l", "Large")])),
            ("link", blocks.URLBlock()),
            ("mail", blocks.EmailBlock()),
            ("count", blocks.IntegerBlock()),
            ("when", blocks.DateBlock()),
            ("anchor", blocks.CharBlock()),
            ("text", blocks.CharBlock()),
        ]
    )
    value = {
        "size": "l",
        "link": "https://example.org/a",
        "mail": "a@example.org",
        "count": 12,
        "anchor": "top",
        "text": "A word",
    }
    assert read(block, value) == ["A word"]


def test_raw_html_loses_markup_scripts_and_code():
    html = "<style>p{}</style><p>Kept</p><script>alert('no')</script><pre>x = 1</pre><!-- no --><p>Kept &lt;too&gt;</p>"
    assert read(blocks.RawHTMLBlock(), html) == ["Kept", "Kept"]


def test_search_index_false_keeps_a_block_out():
    assert read(blocks.CharBlock(search_index=False), "Secret words") == []


def test_recommendations_inside_a_page_are_not_its_text():
    assert read(RecommendedBlock(), {"heading": "You may also like", "placement": "end"}) == []


def test_image_speaks_by_its_alternative_text(db):
    from wagtail.images import get_image_model
    from wagtail.images.blocks import ImageBlock
    from wagtail.images.tests.utils import get_test_image_file

    image = get_image_model()(title="IMG_2041.JPG", file=get_test_image_file())
    image.contextual_alt_text, image.decorative = "A heron over the weir", False
    assert list(block_paragraphs(ImageBlock(), image)) == ["A heron over the weir"]


def test_nul_controls_and_surrogates_never_reach_the_analysis():
    text = extract(article(intro="A\x00B\x1b[0m \ud800soft\u00adhy\u200bphen\u202e", body=[("heading", "C\x07D")]))
    assert text.summary == "A B [0m softhyphen"
    assert text.body == ("C D",)
    assert len(text.content_hash) == 32


def test_unknown_scripts_are_kept():
    page = article(intro="東京は日本の首都です。", body=[("heading", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ"), ("paragraph", "<p>𞤀𞤣𞤤𞤢𞤥</p>")])
    assert extract(page).paragraphs()[1:] == ("東京は日本の首都です。", "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ", "𞤀𞤣𞤤𞤢𞤥")


@pytest.mark.timeout(20)
def test_200_000_words_are_read_in_linear_time():
    page = article(body=[("paragraph", "<p>" + "word &amp; <b>word</b> " * 200_000 + "</p>" + "<" * 1000)])
    assert len(extract(page).body[0].split()) >= 200_000


@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<b>", "</b>", "<", ">", "&lt;b&gt;", "a", " ", "\n\n", "&amp;"])).map(
        "".join
    )
)
def test_no_markup_survives(raw):
    for text in paragraphs(raw):
        assert "<p>" not in text
        assert "</b>" not in text
        assert text == text.strip() != ""


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(raw):
    once = plain(raw)
    assert plain(once) == once
    once.encode()


@given(st.text(alphabet=st.characters(exclude_characters="&<", codec="utf-8"), max_size=200))
def test_plain_prose_is_read_the_same_again(raw):
    once = paragraphs(raw)
    assert [again for text in once for again in paragraphs(text)] == once


@pytest.mark.parametrize(
    "machine", ["https://example.org/x", "fa-solid fa-star", "#c0ffee", "me@example.org", "12.50", "snake_case", "a--b"]
)
def test_machine_strings_are_no_prose(machine):
    assert not is_prose(machine)


@pytest.mark.parametrize("prose", ["Plato", "COVID-19", "state-of-the-art design", "東京", "It costs 12.50"])
def test_short_prose_is_prose(prose):
    assert is_prose(prose)
