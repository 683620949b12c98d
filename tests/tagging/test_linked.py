"""Pages that editors have linked: read from files, without the words that would give the answer away."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tagging import catalogue
from tagging.evaluation.linked import catalogue_of, read_linked, with_texts, without_links_to
from tagging.lexical import page_terms
from tagging.types import PageText
from tests.factories import make_article, make_site

KNOWN = {"floods", "bridges"}


def post(name, text="", **fields):
    return json.dumps({"id": f"news/2020-01-02-{name}.md", "title": name.title(), "text": text, **fields})


def words(page):
    return " ".join(page.body)


@pytest.mark.parametrize(
    "link",
    [
        "[SECRET](/2020/floods/)",
        "[SECRET](https://example.org/2020/01/02/floods/#part 'x')".replace(" 'x'", ' "Floods"'),
        '[SECRET]({{< ref "2020-01-02-floods.md" >}} "Floods")',
        "[![SECRET](picture.png)](/floods)",
        '<a title="Floods" href="{{< ref "2020-01-02-floods.md" >}}" rel="x">SECRET</a>',
        '<a href="/floods?page=1">SECRET</a>',
    ],
)
def test_the_words_of_links_between_the_pages_are_left_out(link):
    left = without_links_to(f"before {link} after", KNOWN)
    assert "SECRET" not in left
    assert left.split() == ["before", "after"]


@pytest.mark.parametrize("link", ["[kept](https://example.org/other)", '<a href="/rivers">kept</a>', "[kept] (not)"])
def test_other_links_keep_their_words(link):
    assert "kept" in without_links_to(link, KNOWN)


def test_files_are_read_with_links_by_number():
    posts = [
        post("floods", "Rivers rose. See [the old bridges](/bridges).", date="2020-01-02", tags=["water"]),
        post("bridges", "Bridges closed.", tags=["water", "roads"]),
        post("bread", "Bake it."),
    ]
    ids = [json.loads(line)["id"] for line in posts]
    pairs = [(0, 1), (0, 1), (1, 1), (2, 0)]
    lines = [f"{ids[source]}\t{ids[target]}\n" for source, target in pairs]
    corpus = read_linked(posts, [*lines, f"{ids[0]}\tgone\n", "\n"])
    assert corpus.links == {0: frozenset({1}), 2: frozenset({0})}
    assert words(corpus.pages[0]) == "Rivers rose. See ."
    assert np.isnan(corpus.days).tolist() == [False, True, True]
    found = catalogue_of(corpus, np.zeros((3, 4), np.float32))
    assert found.topics.starts.tolist() == [0, 1, 3, 3]
    assert found.terms.starts[-1] == len(found.terms.columns)


def test_other_texts_take_the_place_of_a_catalogues():
    corpus = read_linked([post("floods", "Rivers rose."), post("bread", "Bake it.")], [])
    before = catalogue_of(corpus, np.zeros((2, 4), np.float32))
    changed = PageText(1, "Bread", "", ("Eat it.",), "en")
    after = with_texts(before, [changed], np.ones((1, 4), np.float32))
    mine = slice(after.terms.starts[1], after.terms.starts[2])
    assert after.terms.columns[mine].tolist() == page_terms(changed).columns.tolist()
    first = slice(0, int(before.terms.starts[1]))
    assert after.terms.columns[first].tolist() == before.terms.columns[first].tolist()
    assert after.vectors.tolist() == [[0] * 4, [1] * 4]


@pytest.mark.django_db
def test_a_sites_pages_are_read_without_the_words_of_links_to_pages():
    site = make_site()
    other = make_article(site, "Bridges")
    link = f'<a linktype="page" id="{other.pk}">SECRET</a>'
    page = make_article(site, body=f'Before {link} and <a href="https://example.org">kept</a>.')
    assert words(catalogue.texts_without_links([page.pk])[page.pk]) == "Before and kept."
