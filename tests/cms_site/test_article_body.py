"""Markdown and HTML as blocks of an article's body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cms_site.articles.body import to_blocks


def text_of(blocks):
    return " ".join(str(value) for _kind, value in blocks)


def test_markdown_becomes_headings_paragraphs_and_quotes():
    source = "Opening **words**.\n\nMore.\n\n## A *heading*\n\n* one\n* two\n\n> Said it all.\n>\n> — Ada Lovelace"
    assert to_blocks(source) == [
        ("paragraph", "<p>Opening <strong>words</strong>.</p><p>More.</p>"),
        ("heading", "A heading"),
        ("paragraph", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("quote", {"text": "Said it all.", "attribution": "Ada Lovelace"}),
    ]


def test_html_is_unpacked_from_its_containers():
    source = (
        "<div><section><h3>Where</h3><p class=x onclick='x()'>Here <b>now</b></p></section>loose <i>words</i></div>"
    )
    assert to_blocks(source) == [
        ("heading", "Where"),
        ("paragraph", "<p>Here <b>now</b></p><p>loose <i>words</i></p>"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "<p>Fine.</p><script>alert('stolen')</script>",
        "Fine. <script>alert('stolen')</script>",
        "<p>Fine.</p><style>p { color: stolen }</style>",
        "<p>Fine.<svg><text>stolen</text></svg></p>",
        "<p>Fine.</p><iframe src='https://example.org/stolen'></iframe>",
        "<p>Fine.<img src=x onerror=\"alert('stolen')\"></p>",
        "<p>Fine.</p><!-- stolen -->",
        "[Fine.](javascript:stolen)",
        "<p><a href=' JaVaScRiPt:stolen'>Fine.</a></p>",
    ],
)
def test_nothing_of_scripts_styles_frames_and_comments_is_left(source):
    text = text_of(to_blocks(source))
    assert "Fine." in text
    assert "stolen" not in text


def test_links_to_the_web_stay():
    assert to_blocks("See [this](https://example.org/a?b=1&c=2).") == [
        ("paragraph", '<p>See <a href="https://example.org/a?b=1&amp;c=2">this</a>.</p>')
    ]


def test_less_than_signs_stay_text():
    assert to_blocks("If a < b & b < c.") == [("paragraph", "<p>If a &lt; b &amp; b &lt; c.</p>")]


def test_tables_and_code_keep_their_words_apart():
    assert to_blocks("| City | Year |\n|---|---|\n| Oslo | 1952 |") == [
        ("paragraph", "<ul><li>City · Year</li><li>Oslo · 1952</li></ul>")
    ]
    assert to_blocks("```\na = 1\nb = 2\n```") == [("paragraph", "<p>a = 1<br/>b = 2</p>")]


@pytest.mark.parametrize("source", ["", "   \n", "<p></p>", "<script>x</script>", "---", "{{< youtube abc >}}"])
def test_nothing_makes_no_blocks(source):
    assert to_blocks(source) == []


@given(st.text(max_size=300))
def test_any_text_is_taken(source):
    for kind, value in to_blocks(source):
        assert kind in {"heading", "paragraph", "quote"}
        assert "<script" not in str(value).lower()
