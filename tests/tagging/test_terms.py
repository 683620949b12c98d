"""The terms of pages: what they are, and that what is counted as they come and go is what a recount finds."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tagging import catalogue, operations
from tagging.lexical import DIMENSIONS, MOST_TERMS, page_terms, rarity, strongest
from tagging.models import PageAnalysis, PageTerms, Suggestion, TermCount
from tagging.operations.terms import save_terms
from tagging.types import PageText, Shelf, Terms
from tests.factories import make_article, make_locale, make_site, make_topic, tag_page

RIVERS = "The river Danube rose. UNESCO and Ada Lovelace looked at the river."


def text(title="", *body, language="en"):
    return PageText(1, title, "", body, language)


def said(terms):
    """Each term by name, with how often it was counted."""
    return dict(zip(terms.names, np.exp(terms.weights - 1).round().astype(int).tolist(), strict=True))


class TestPageTerms:
    def test_words_and_pairs_are_counted_and_the_title_counts_twice(self):
        counted = said(page_terms(text("Open data", "Open data for all", "data")))
        assert counted["data"] == 4
        assert counted["Open data"] == 3
        assert counted["for all"] == 1

    def test_pairs_end_with_the_paragraph(self):
        assert "data city" not in said(page_terms(text("", "open data", "city maps")))

    def test_a_term_is_one_whatever_its_case_and_is_named_as_it_is_mostly_written(self):
        assert said(page_terms(text("", "UNESCO says: unesco, UNESCO!")))["UNESCO"] == 3

    def test_scripts_without_spaces_have_terms_too(self):
        assert said(page_terms(text("", "東京の川", language="ja")))["東 京"] == 1

    def test_a_page_without_a_word_has_none(self):
        assert page_terms(text()).names == ()

    @given(st.lists(st.text(max_size=30), max_size=8))
    def test_columns_rise_and_each_has_a_weight_and_a_name(self, paragraphs):
        terms = page_terms(text("", *paragraphs))
        assert (np.diff(terms.columns.astype(int)) > 0).all()
        assert len(terms.columns) == len(terms.weights) == len(terms.names)
        assert (terms.weights >= 1).all()
        assert not any("\n" in name for name in terms.names)

    def test_of_too_many_terms_the_common_ones_go(self):
        terms = page_terms(text("", "the of and bridge"))
        pages = np.array([90 if name.islower() and name in ("the", "of", "and") else 1 for name in terms.names])
        assert set(strongest(terms, pages, 100, 4).names).isdisjoint({"the", "of", "and"})

    def test_what_is_on_every_page_tells_nothing(self):
        assert rarity(np.array([10, 1]), 10).tolist() == [0.0, pytest.approx(np.log(11 / 2))]


@pytest.fixture
def site():
    return make_site()


def drain():
    while operations.analyze_batch().claimed:
        pass


def counts():
    return dict(TermCount.objects.exclude(pages=0).values_list("term", "pages"))


def column(word):
    return int(page_terms(text("", word)).columns[0])


@pytest.mark.django_db
@pytest.mark.usefixtures("embedder", "recognizer")
class TestCounting:
    def test_pages_are_counted_as_they_come_change_and_go(self, site):
        first, second = make_article(site, body=RIVERS), make_article(site, body="A river, a bridge.")
        drain()
        assert counts()[column("river")] == 2
        second.body = [("paragraph", "<p>Only a bridge.</p>")]
        second.save_revision().publish()
        drain()
        assert counts()[column("river")] == 1
        first.unpublish()
        assert column("river") not in counts()
        second.delete()
        assert counts() == {}
        assert operations.recount_terms() == 0

    def test_a_page_that_comes_back_is_counted_again_and_no_model_is_asked(self, site, embedder, recognizer):
        page = make_article(site, body=RIVERS)
        drain()
        page.unpublish()
        embedder.calls.clear()
        recognizer.calls.clear()
        page.get_latest_revision().publish()
        drain()
        assert counts()[column("river")] == 1
        assert embedder.calls == recognizer.calls == []

    def test_each_language_has_its_own_counts(self, site):
        french = make_locale("fr")
        make_article(site, "Rivers", body=RIVERS)
        make_article(site, "Rivers", body=RIVERS, locale=french)
        drain()
        assert set(TermCount.objects.filter(term=column("river")).values_list("pages", flat=True)) == {1}

    def test_pages_analysed_before_there_were_terms_are_queued_once(self, site):
        make_article(site, body=RIVERS)
        drain()
        PageTerms.objects.all().delete()
        PageAnalysis.objects.update(analyzed_at=timezone.now() - timedelta(hours=1))
        assert operations.sweep()
        drain()
        assert PageTerms.objects.count() == 1
        PageAnalysis.objects.update(analyzed_at=timezone.now() - timedelta(hours=1))
        assert not operations.sweep()

    def test_what_bulk_updates_did_is_put_right_at_night(self, site):
        page = make_article(site, body=RIVERS)
        drain()
        type(page).objects.filter(pk=page.pk).update(live=False)
        TermCount.objects.filter(term=column("river")).update(pages=7)
        assert operations.recount_terms() == 1
        assert counts() == {}

    def test_the_longest_page_keeps_as_many_terms_as_can_be_indexed(self, site):
        page = make_article(site, body=" ".join(f"word{number}" for number in range(MOST_TERMS)))
        drain()
        row = PageTerms.objects.get(page=page)
        assert len(row.vector.indices()) == len(row.names.split("\n")) == MOST_TERMS
        assert row.vector.dimensions() == DIMENSIONS

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(
            st.dictionaries(st.integers(0, 2), st.tuples(st.none() | st.sets(st.integers(0, 8)), st.booleans())),
            max_size=8,
        )
    )
    def test_incremental_counts_are_those_of_a_recount(self, site, steps):
        pages = [make_article(site, body="") for _ in range(3)]
        locales = {True: make_locale("fr"), False: make_locale("en")}
        for step in steps:
            operations.drop_terms(
                [pages[number].pk for number, (columns, _is_french) in step.items() if columns is None]
            )
            together = []
            for number, (columns, is_french) in step.items():
                if columns is not None:
                    pages[number].locale = locales[is_french]
                    found = np.array(sorted(columns), dtype=np.uint32)
                    terms = Terms(found, np.ones(len(found), np.float32), tuple(map(str, found)))
                    together.append((pages[number], terms))
            save_terms(together)
        assert operations.recount_terms() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("embedder", "recognizer")
class TestCatalogue:
    def test_a_site_is_read_as_arrays(self, site):
        rivers, bridges = make_article(site, "Rivers", body=RIVERS), make_article(site, "Bridges", body="A bridge.")
        draft = make_article(site, "Draft", body=RIVERS, publish=False)
        drain()
        Suggestion.objects.all().delete()
        topic = make_topic("Water")
        tag_page(rivers, topic, 0.8)
        (shelf,) = catalogue.shelves()
        assert shelf == Shelf(site.pk, site.root_page.locale_id) == catalogue.shelf_of([rivers.pk, draft.pk])[rivers.pk]
        found = catalogue.read(shelf)
        assert {rivers.pk, bridges.pk} <= set(found.page_ids.tolist())
        assert draft.pk not in found.page_ids
        row = found.page_ids.tolist().index(rivers.pk)
        mine = slice(found.terms.starts[row], found.terms.starts[row + 1])
        terms = page_terms(PageText(1, "Rivers", "", (RIVERS,), "en"))
        assert found.terms.columns[mine].tolist() == terms.columns.tolist()
        assert found.terms.weights[mine] == pytest.approx(terms.weights)
        assert catalogue.term_names([rivers.pk])[rivers.pk] == terms.names
        assert np.linalg.norm(found.vectors[row]) == pytest.approx(1, abs=1e-3)
        assert found.topics.columns.tolist() == [topic.pk]
        assert found.topics.weights.tolist() == [pytest.approx(0.8)]
        assert len(found.entities.columns) == 3
        assert found.days[row] == pytest.approx(timezone.now().timestamp() / 86400, abs=0.1)

    def test_queries_do_not_grow_with_the_pages(self, site, django_assert_num_queries):
        for number in range(3):
            make_article(site, f"Rivers {number}", body=RIVERS)
        drain()
        with django_assert_num_queries(5):
            catalogue.read(Shelf(site.pk, site.root_page.locale_id))

    def test_a_shelf_without_pages_is_empty(self, site):
        found = catalogue.read(Shelf(site.pk, site.root_page.locale_id))
        assert found.page_ids.size == found.terms.columns.size == 0
