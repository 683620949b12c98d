"""Related pages: the laws of the score, and lists that keep up with the site."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalization import tasks
from personalization.conf import related_strengths
from personalization.models import RelatedPages
from personalization.operations import related as operations
from personalization.recommendation.related import SIGNALS, Relations, distinct, fit
from tagging.lexical import page_terms
from tagging.operations.terms import save_terms
from tagging.signals import page_analyzed
from tagging.types import Catalogue, PageText, SparseRows
from tests.factories import make_article, make_locale, make_site, make_topic, make_vector, tag_page

WORDS = ("river", "bridge", "flood", "train", "bread", "cycle")


def sparse(rows):
    ordered = [sorted(row.items()) for row in rows]
    return SparseRows(
        np.cumsum([0, *map(len, ordered)]),
        np.array([column for row in ordered for column, _ in row], dtype=np.int64),
        np.array([weight for row in ordered for _, weight in row], dtype=np.float32),
    )


def a_catalogue(pages):
    """Of (id, words, vector, topics, entities, day)."""
    terms = [page_terms(PageText(page[0], "", "", (" ".join(page[1]),), "en")) for page in pages]
    return Catalogue(
        np.array([page[0] for page in pages], dtype=np.int64),
        np.array([np.array(page[2]) / max(np.linalg.norm(page[2]), 1e-9) for page in pages], dtype=np.float32),
        sparse([dict(zip(t.columns.tolist(), t.weights.tolist(), strict=True)) for t in terms]),
        sparse([dict.fromkeys(page[3], 1.0) for page in pages]),
        sparse([dict.fromkeys(page[4], 0.5) for page in pages]),
        np.array([page[5] for page in pages], dtype=np.float64),
    )


def everything(pages, strengths=None, n=3):
    relations = Relations(a_catalogue(pages), strengths or related_strengths())
    return dict(relations.best(np.arange(len(pages)), n))


def strongest(pages, page_id, signal):
    return [one.page_id for one in everything(pages, {signal: 1.0})[page_id]]


some_ids = st.sets(st.integers(1, 4), max_size=3)
sites = st.lists(
    st.tuples(
        st.lists(st.sampled_from(WORDS), max_size=6),
        st.lists(st.integers(-2, 2), min_size=3, max_size=3),
        some_ids,
        some_ids,
        st.integers(0, 900) | st.just(float("nan")),
    ),
    min_size=2,
    max_size=8,
).map(lambda pages: [(number, *page) for number, page in enumerate(pages, start=10)])
laws = settings(max_examples=20, deadline=None)

# Each pair is alike in one thing only.
PAGES = [
    (1, ["river", "flood"], (1, 0, 0), {1}, {1}, 0),
    (2, ["river", "flood"], (0, 1, 0), {2}, {2}, 5000),
    (3, ["train", "bread"], (1, 0, 0), {3}, {2}, 9000),
    (4, ["bread", "cycle"], (0, 0, 1), {1}, {3}, 14000),
    (5, ["cycle", "train"], (0, 1, 1), {2}, {1}, 20000),
    (6, ["bridge"], (1, 1, 1), {3}, {3}, 10),
]


class TestScore:
    @pytest.mark.parametrize(
        ("signal", "nearest"), [("terms", 2), ("meaning", 3), ("topics", 4), ("names", 5), ("dates", 6)]
    )
    def test_each_signal_finds_its_own(self, signal, nearest):
        assert strongest(PAGES, 1, signal)[0] == nearest

    def test_what_both_have_is_told_and_the_parts_make_the_score(self):
        first = everything(PAGES, {"terms": 1.0, "topics": 0.1})[1][0]
        assert first.page_id == 2
        assert len(first.terms) == 3  # two words, and the two as a pair
        assert first.topic_id is None
        assert sum(first.parts.values()) == pytest.approx(first.score, abs=0.01)
        assert everything(PAGES, {"topics": 1.0})[1][0].topic_id == 1
        assert everything(PAGES, {"names": 1.0})[1][0].entity_id == 1

    def test_what_is_on_most_pages_relates_none(self):
        pages = [(number, ["the", word], (0, 0, 0), {9}, (), 0) for number, word in enumerate([*WORDS, "river"])]
        assert strongest(pages, 0, "terms")[0] == 6
        assert all(one.score == 0 for one in everything(pages, {"topics": 1.0})[0])

    @laws
    @given(sites)
    def test_every_signal_is_symmetric(self, pages):
        relations = Relations(a_catalogue(pages), related_strengths())
        for signal in SIGNALS:
            likeness = relations.likeness(signal, np.arange(len(pages)))
            assert likeness == pytest.approx(likeness.T, abs=1e-5)
            assert (likeness <= 1 + 1e-5).all()

    @laws
    @given(sites, st.randoms(use_true_random=False))
    def test_the_order_of_the_pages_changes_nothing(self, pages, random):
        shuffled = random.sample(pages, len(pages))
        found, again = everything(pages), everything(shuffled)
        for page_id, related in found.items():
            assert [one.score for one in related] == pytest.approx([one.score for one in again[page_id]], abs=1e-4)

    @laws
    @given(sites, st.integers(1, 5))
    def test_lists_are_best_first_without_the_page_itself_and_as_long_as_there_are_pages(self, pages, n):
        for page_id, related in everything(pages, n=n).items():
            ids = [one.page_id for one in related]
            assert page_id not in ids
            assert len(set(ids)) == len(ids) == min(n, len(pages) - 1)
            assert [one.score for one in related] == sorted((one.score for one in related), reverse=True)

    @laws
    @given(sites)
    def test_a_signal_that_says_the_same_of_all_pages_changes_nothing(self, pages):
        same = [(*page[:3], {1}, *page[4:]) for page in pages]
        none = [(*page[:3], (), *page[4:]) for page in pages]
        order = [[one.page_id for one in related] for related in everything(same).values()]
        assert order == [[one.page_id for one in related] for related in everything(none).values()]

    @laws
    @given(sites)
    def test_only_the_proportions_of_the_strengths_count(self, pages):
        doubled = {signal: 2 * strength for signal, strength in related_strengths().items()}
        assert everything(pages, doubled) == everything(pages)

    def test_a_fit_is_a_share_that_rises_with_the_score(self):
        assert [fit(score) for score in (-1.0, 0.0, 5.0)] == [0.0, 0.0, 0.5]
        assert fit(5.0) < fit(50.0) < 1


def test_a_pair_stands_for_its_words():
    assert distinct(["design", "responsive design", "responsive", "mobile"], 2) == ("responsive design", "mobile")
    assert distinct([], 2) == ()


@pytest.fixture
def site():
    return make_site()


def make_page(site, title, *vector, **fields):
    page = make_article(site, title, **fields)
    make_vector(page, *vector)
    save_terms([(page, page_terms(PageText(page.pk, title, "", (), "en")))])
    return page


def listed(page):
    return [item[0] for item in RelatedPages.objects.get(page=page).items]


def work_off():
    counts = []
    while count := operations.refresh_related():
        counts.append(count)
    return counts


@pytest.mark.django_db
class TestUpkeep:
    def test_a_changed_page_gets_its_list_first_and_those_around_it_theirs_after(self, site):
        floods, rivers = make_page(site, "River floods", 1, 0, 0), make_page(site, "River floods again", 0, 1, 0)
        bread = make_page(site, "Baking", 0, 0, 1)
        operations.mark_related([floods.pk])
        assert work_off() == [1, 2]
        assert listed(floods)[0] == rivers.pk
        assert set(listed(bread)) == {floods.pk, rivers.pk}

    def test_items_say_what_both_have_in_their_own_words(self, site):
        topic = make_topic("Water")
        pages = [make_page(site, title, 1, 0, 0) for title in ("UNESCO and floods", "UNESCO and bread", "Trains")]
        for page in pages[:2]:
            tag_page(page, topic)
        operations.mark_related([pages[0].pk])
        work_off()
        _page_id, _score, parts, terms, topic_id, _entity = RelatedPages.objects.get(page=pages[0]).items[0]
        assert terms == ["UNESCO and"]
        assert topic_id == topic.pk
        assert len(parts) == len(SIGNALS)

    def test_kept_up_lists_are_those_of_a_rebuild(self, site):
        for number, title in enumerate(("River floods", "Flood bridges", "River bridges", "Bread", "Bread trains")):
            page = make_page(site, title, 1, number, 0)
            operations.mark_related([page.pk])
            work_off()
        operations.mark_everything()
        work_off()
        kept = dict(RelatedPages.objects.values_list("page_id", "items"))
        RelatedPages.objects.all().delete()
        assert sum(operations.rebuild_related()) == 5
        assert dict(RelatedPages.objects.values_list("page_id", "items")) == kept

    def test_other_sites_and_languages_are_not_related(self, site):
        other = make_site("other.test", is_default=False)
        here, there = make_page(site, "River floods", 1, 0, 0), make_page(other, "River floods", 1, 0, 0)
        french = make_page(site, "River floods", 1, 0, 0, locale=make_locale("fr"))
        operations.mark_related([here.pk, there.pk, french.pk])
        work_off()
        assert listed(here) == listed(there) == listed(french) == []

    def test_pages_that_are_no_longer_live_lose_their_lists(self, site):
        page = make_page(site, "River floods", 1, 0, 0)
        operations.mark_related([page.pk])
        work_off()
        page.unpublish()
        operations.mark_related([page.pk])
        work_off()
        assert not RelatedPages.objects.exists()

    def test_a_run_that_fails_leaves_its_pages_waiting(self, site, monkeypatch):
        page = make_page(site, "River floods", 1, 0, 0)
        operations.mark_related([page.pk])
        with monkeypatch.context() as patch:
            patch.setattr(operations, "_write", lambda *arguments: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                operations.refresh_related()
        assert work_off() == [1]

    def test_analysing_a_page_has_its_list_made(self, site, monkeypatch):
        asked = []
        monkeypatch.setattr(tasks._broker, "send", lambda task, *arguments: asked.append(task.name))
        monkeypatch.setattr(tasks.transaction, "on_commit", lambda call, **options: call())
        pages = [make_page(site, "River floods", 1, 0, 0), make_page(site, "Bread", 0, 1, 0)]
        asked.clear()
        for page in pages:
            page_analyzed.send(sender=None, page_id=page.pk)
        assert asked == ["personalization.refresh_related"]  # once for both
        tasks.refresh_related()
        assert listed(pages[0]) == [pages[1].pk]
