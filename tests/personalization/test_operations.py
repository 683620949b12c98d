"""From a request to a slate: what is chosen, what may never be, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from personalization import operations
from personalization.exceptions import UnknownPlacement
from personalization.models import Placement, PlacementRule, RankerVersion, Segment, ServedSlate
from personalization.operations import rankers, rights
from personalization.recommendation import strategies
from personalization.recommendation.logged import KEPT
from personalization.recommendation.logistic import LogisticModel
from personalization.sources import CandidateSource, base
from personalization.types import Candidate, ProfileState, ReadPage, RecQuery, RequestContext
from personalization.visitors import store
from tests.factories import (
    make_article,
    make_locale,
    make_private,
    make_site,
    make_topic,
    make_vector,
    make_views,
    tag_page,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def placement():
    return Placement.objects.create(name="sidebar", n=4)


def query(site, page=None, **fields):
    defaults = {
        "placement": "sidebar",
        "n": 4,
        "site_id": site.pk,
        "locale_id": site.root_page.locale_id,
        "context": RequestContext(at=timezone.now()),
        "page_id": page.pk if page else None,
    }
    return RecQuery(**defaults | fields)


def ids(slate):
    return [item.page_id for item in slate.items]


def reader_of(topic, *pages, vector=(0.0, 1.0, 0.0), mass=3.0):
    read = tuple(ReadPage(page.pk, timezone.now()) for page in pages)
    return ProfileState(
        vector=np.array(vector, dtype=np.float32), topics={topic.pk: 0.8}, recent=read, views=len(pages), mass=mass
    )


@pytest.fixture
def magazine(site):
    """Two topics with eight articles each; the vectors of a topic are near each other."""
    rivers, cycling = make_topic("Rivers"), make_topic("Urban cycling")
    found = {"rivers": [], "cycling": []}
    for number in range(8):
        for name, topic, axis in (("rivers", rivers, 0), ("cycling", cycling, 1)):
            page = make_article(site, f"{name} {number}")
            make_vector(page, *[1.0 if place == axis else 0.05 * number for place in range(3)])
            tag_page(page, topic)
            found[name].append(page)
    return {**found, "topics": {"rivers": rivers, "cycling": cycling}}


def test_an_unknown_placement_is_named(site):
    with pytest.raises(UnknownPlacement, match="nowhere"):
        operations.recommend(query(site, placement="nowhere"))


def test_beside_an_article_come_pages_like_it_and_never_itself(site, placement, magazine):
    page = magazine["rivers"][0]
    slate = operations.recommend(query(site, page))
    assert len(slate.items) == 4
    assert page.pk not in ids(slate)
    assert set(ids(slate)) <= {other.pk for other in magazine["rivers"]}
    assert slate.items[0].reasons[0].code == "similar"
    assert not slate.is_personal


def test_with_nothing_known_the_slate_is_full_of_trending_then_new_pages(site, placement):
    placement.strategy = Placement.Strategy.SIMILAR
    placement.save()
    old, *others = (make_article(site) for _ in range(6))
    make_views(others[2], 15)
    type(old).objects.filter(pk=old.pk).update(first_published_at=timezone.now() - timedelta(days=400))
    slate = operations.recommend(query(site))
    assert ids(slate)[0] == others[2].pk
    assert [item.reasons[0].code for item in slate.items] == ["trending", "new", "new", "new"]
    assert old.pk not in ids(slate)


def test_what_a_visitor_reads_outweighs_the_page_being_read(site, placement, magazine):
    read = magazine["cycling"][:3]
    here = magazine["rivers"][0]
    before = operations.recommend(query(site, here))
    slate = operations.recommend(query(site, here, profile=reader_of(magazine["topics"]["cycling"], *read)))
    unread = {page.pk for page in magazine["cycling"][3:]}
    assert len(unread & set(ids(slate))) >= 3
    assert not unread & set(ids(before))
    assert not {page.pk for page in read} & set(ids(slate))
    assert {reason.code for reason in slate.items[0].reasons} == {"topic", "read"}
    assert slate.is_personal


def test_reasons_read_as_words_in_the_readers_language(site, placement, magazine):
    profile = reader_of(magazine["topics"]["cycling"], *magazine["cycling"][:3])
    slate = operations.recommend(query(site, magazine["rivers"][0], profile=profile))
    item = operations.render_items(slate, None)[0]
    texts = [str(reason) for reason in item.reasons]
    assert texts[0] == "More on Urban cycling"
    assert texts[1].startswith("Because you read “cycling ")
    assert item.page.specific_class is type(item.page)
    assert (item.position, item.slate_id, item.url[:1]) == (1, slate.slate_id, "/")


def test_a_page_that_was_read_and_is_gone_is_not_named(site, placement, magazine):
    read = magazine["cycling"][0]
    profile = reader_of(magazine["topics"]["cycling"], read)
    slate = operations.recommend(query(site, profile=profile))
    read.unpublish()
    texts = {str(reason) for item in operations.render_items(slate, None) for reason in item.reasons}
    assert "Based on what you read" in texts
    assert not any(read.title in text for text in texts)


class TestVisibility:
    """Nothing unpublished, private, expired, or of another site or locale appears, however stale the index is."""

    @pytest.fixture
    def here(self, site, placement):
        page = make_article(site, "here")
        make_vector(page, 1, 0, 0)
        make_vector(make_article(site, "shown"), 1, 0, 0)
        return page

    def shown(self, site, here):
        return [item.title for item in operations.render_items(operations.recommend(query(site, here)), None)]

    def stale(self, page):
        """A page that the index still takes for live and public."""
        vector = make_vector(page, 1, 0, 0)
        type(vector).objects.filter(pk=vector.pk).update(is_live=True, is_public=True)
        make_views(page, 100)
        return page

    def test_unpublished(self, site, here):
        self.stale(make_article(site, "draft", publish=False))
        assert self.shown(site, here) == ["shown"]

    def test_expired_before_the_sweep(self, site, here):
        self.stale(make_article(site, "expired", expire_at=timezone.now() - timedelta(minutes=1)))
        assert self.shown(site, here) == ["shown"]

    def test_private_itself_or_above(self, site, here):
        make_private(self.stale(make_article(site, "private")))
        assert self.shown(site, here) == ["shown"]
        make_private(here.get_parent())
        assert self.shown(site, here) == []

    def test_of_another_site(self, site, here):
        self.stale(make_article(make_site("other.example", is_default=False), "foreign"))
        assert self.shown(site, here) == ["shown"]

    def test_of_another_locale(self, site, here):
        page = self.stale(make_article(site, "français"))
        type(page).objects.filter(pk=page.pk).update(locale=make_locale("fr"))
        assert self.shown(site, here) == ["shown"]

    def test_a_page_unpublished_since_the_slate_was_cached(self, site, here, django_assert_max_num_queries):
        late = make_article(site, "late")
        make_vector(late, 1, 0, 0)
        assert set(self.shown(site, here)) == {"shown", "late"}
        late.unpublish()
        with django_assert_max_num_queries(3):
            slate = operations.recommend(query(site, here))
        assert late.pk not in ids(slate)

    def test_a_slate_stays_full_when_most_of_what_was_chosen_goes_out_of_sight(self, site, here):
        for number in range(30):
            self.stale(make_article(site, f"gone {number}", publish=False))
        for _ in range(4):
            make_article(site)
        assert len(self.shown(site, here)) == 4

    def test_pages_of_the_translated_tree_belong_to_the_site(self, site, placement):
        french = make_locale("fr")
        site.root_page.copy_for_translation(french, alias=False).specific.save_revision().publish()
        index = site.root_page.get_children().first()
        index.copy_for_translation(french).specific.save_revision().publish()
        article = make_article(site, "Bridge")
        translated = article.copy_for_translation(french)
        translated.title = "Pont"
        translated.save_revision().publish()
        slate = operations.recommend(query(site, locale_id=french.pk))
        assert ids(slate) == [translated.pk]


class TestRules:
    """An editor's word wins, and visibility wins over an editor."""

    @pytest.fixture
    def pages(self, site, placement):
        return [make_article(site) for _ in range(6)]

    def rule(self, placement, page, action="pin", segment=None, order=0):
        return PlacementRule.objects.create(
            placement=placement, page=page, action=action, segment=segment, sort_order=order
        )

    def test_pins_come_first_in_their_order_with_their_reason(self, site, placement, pages):
        self.rule(placement, pages[4], order=1)
        self.rule(placement, pages[1], order=0)
        slate = operations.recommend(query(site))
        assert ids(slate)[:2] == [pages[1].pk, pages[4].pk]
        assert len(set(ids(slate))) == 4
        assert [item.reasons[0].code for item in slate.items[:2]] == ["pinned", "pinned"]

    def test_a_pin_for_a_segment_is_for_that_segment(self, site, placement, pages):
        segment = Segment.objects.create(name="Cyclists")
        self.rule(placement, pages[0], segment=segment)
        assert ids(operations.recommend(query(site, segments=frozenset({segment.pk}))))[0] == pages[0].pk
        assert "pins" not in operations.recommend(query(site)).items[0].sources

    def test_a_private_pin_is_not_shown(self, site, placement, pages):
        make_private(pages[0])
        self.rule(placement, pages[0])
        assert pages[0].pk not in ids(operations.recommend(query(site)))

    def test_a_page_pinned_on_itself_is_left_out_there(self, site, placement, pages):
        self.rule(placement, pages[0])
        assert pages[0].pk not in ids(operations.recommend(query(site, pages[0])))

    def test_an_excluded_page_never_comes(self, site, placement, pages):
        self.rule(placement, pages[0], action="exclude")
        assert pages[0].pk not in ids(operations.recommend(query(site, n=6)))

    def test_a_saved_rule_holds_at_once(self, site, placement, pages):
        before = ids(operations.recommend(query(site, n=6)))
        self.rule(placement, pages[0], action="exclude")
        assert pages[0].pk in before
        assert pages[0].pk not in ids(operations.recommend(query(site, n=6)))

    def test_a_placement_takes_only_its_page_types(self, site, placement, pages, settings):
        from django.contrib.contenttypes.models import ContentType

        settings.WAGTAIL_PERSONALIZATION = {"RECOMMENDABLE_TYPES": []}
        placement.page_types.add(ContentType.objects.get_for_model(site.root_page.specific))
        placement.save()
        assert ids(operations.recommend(query(site))) == [site.root_page_id]

    def test_a_page_that_fits_too_little_gives_its_place_to_new_ones(self, site, placement):
        placement.strategy, placement.minimum_score = Placement.Strategy.SIMILAR, 0.9
        placement.save()
        here, near, far = (make_article(site) for _ in range(3))
        for page, vector in ((here, (1, 0)), (near, (1, 0.1)), (far, (1, 1))):
            make_vector(page, *vector)
        slate = operations.recommend(query(site, here))
        assert [(i.page_id, i.reasons[0].code) for i in slate.items] == [(near.pk, "similar"), (far.pk, "new")]


def test_one_visitors_slate_is_never_served_to_another(site, placement, magazine):
    topics, here = magazine["topics"], magazine["rivers"][7]
    cyclist = reader_of(topics["cycling"], *magazine["cycling"][:2])
    rower = reader_of(topics["rivers"], *magazine["rivers"][:2], vector=(1.0, 0.0, 0.0))
    first = operations.recommend(query(site, here, profile=cyclist))
    second = operations.recommend(query(site, here, profile=rower))
    nobody = operations.recommend(query(site, here))
    assert magazine["cycling"][0].pk in ids(second) or ids(first) != ids(second)
    assert {r.code for i in nobody.items for r in i.reasons}.isdisjoint({"topic", "read", "profile"})
    assert set(ids(nobody)) != set(ids(first))


def test_the_same_question_has_the_same_answer(site, placement, magazine):
    asked = query(site, magazine["rivers"][0], profile=reader_of(magazine["topics"]["cycling"]))
    first, second = operations.recommend(asked), operations.recommend(asked)
    assert first.items == second.items
    assert first.slate_id != second.slate_id


@pytest.mark.parametrize("known", [False, True])
def test_the_number_of_queries_does_not_grow_with_n(site, placement, magazine, known):
    profile = reader_of(magazine["topics"]["cycling"], *magazine["cycling"][:2]) if known else None
    operations.recommend(query(site, magazine["rivers"][0], n=2, profile=profile))
    counts = []
    for n in (1, 10):
        asked = query(site, magazine["rivers"][0], n=n, profile=profile)
        with CaptureQueriesContext(connection) as queries:
            operations.render_items(operations.recommend(asked), None)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 23


class TestServed:
    def test_a_consenting_visitors_slate_is_logged_once(self, site, placement, magazine):
        visitor_id = store.create_visitor()
        asked = query(site, magazine["rivers"][0], visitor_id=visitor_id)
        slate = operations.recommend(asked)
        operations.record_served(slate, asked)
        row = ServedSlate.objects.get()
        assert (row.pk, row.visitor_id, row.placement) == (slate.slate_id, visitor_id, "sidebar")
        assert [item[0] for item in row.items] == ids(slate)

    def test_the_log_keeps_what_a_ranker_learns_from(self, site, placement, magazine):
        context = RequestContext(
            at=datetime(2026, 11, 28, 21, tzinfo=UTC),
            locale="en",
            device="mobile",
            referrer="search",
        )
        asked = query(site, magazine["rivers"][0], visitor_id=store.create_visitor(), context=context, n=2)
        slate = operations.recommend(asked)
        changed = replace(slate.items[1], propensity=0.25)
        operations.record_served(replace(slate, items=(slate.items[0], changed)), asked)
        row = ServedSlate.objects.get()
        moment = {"hour": 21, "weekday": 5, "pages": 1}
        assert row.context == {"referrer": "search", "device": "mobile", "locale": "en"} | moment
        assert row.propensities == [1.0, 0.25]
        assert row.ranker_version is None
        assert row.features["pages"][:2] == ids(slate)
        assert 2 < len(row.features["pages"]) <= KEPT
        assert "similar" in row.features["names"]
        assert len(row.features["blend"]) == len(row.features["raw"]) == len(row.features["pages"])
        exported = rights.export(asked.visitor_id)["recommended"][0]
        assert exported["features"][0]["page"] == ids(slate)[0]
        assert exported["features"][0]["signals"]["similar"] > 0

    def test_where_nothing_is_weighed_no_signals_are_kept(self, site, placement, magazine):
        Placement.objects.update(strategy="similar")
        asked = query(site, magazine["rivers"][0], visitor_id=store.create_visitor())
        operations.record_served(operations.recommend(asked), asked)
        assert ServedSlate.objects.get().features == {}
        assert rights.export(asked.visitor_id)["recommended"][0]["features"] == []

    def test_a_live_version_ranks_and_the_log_says_so(self, site, placement, magazine):
        blended = operations.recommend(query(site, magazine["rivers"][0]))
        against = LogisticModel(("similar.z",), (-1.0,), (0.0,), (1.0,))
        rankers.put_live(RankerVersion.objects.create(number=7, method="logistic", parameters=against.to_json()))
        rankers.forget_live()
        asked = query(site, magazine["rivers"][0], visitor_id=store.create_visitor())
        learned = operations.recommend(asked)
        assert ids(learned) != ids(blended)
        assert ids(operations.recommend(query(site, magazine["rivers"][0]))) == ids(learned)  # no list of before
        operations.record_served(learned, asked)
        assert ServedSlate.objects.get().ranker_version == 7

    def test_of_anybody_else_nothing_is_stored(self, site, placement, magazine):
        asked = query(site, magazine["rivers"][0])
        operations.record_served(operations.recommend(asked), asked)
        assert not ServedSlate.objects.exists()

    def test_a_visitor_who_left_meanwhile_breaks_nothing(self, site, placement, magazine):
        visitor_id = store.create_visitor()
        asked = query(site, magazine["rivers"][0], visitor_id=visitor_id)
        slate = operations.recommend(asked)
        store.delete_visitor(visitor_id)
        operations.record_served(slate, asked)
        assert not ServedSlate.objects.exists()


class TestQueryForRequest:
    @pytest.fixture
    def request_(self, site):
        return RequestFactory().get("/", headers={"host": "localhost"})

    def test_the_pages_locale_and_the_placements_number_hold(self, site, placement, request_):
        page = make_article(site)
        asked = operations.query_for_request(request_, "sidebar", page)
        assert (asked.n, asked.page_id, asked.locale_id, asked.site_id) == (4, page.pk, page.locale_id, site.pk)
        assert asked.profile is None

    def test_without_a_request_the_default_site_and_language_hold(self, site, placement):
        french = make_locale("fr")
        with translation.override("fr"):
            asked = operations.query_for_request(None, "sidebar", n=2)
        assert (asked.n, asked.site_id, asked.locale_id) == (2, site.pk, french.pk)

    def test_a_segment_being_previewed_holds_in_both_modes(self, site, placement, request_):
        from personalization.visitors import affinity_of

        affinity_of(request_).forced_segments = frozenset({7})
        for is_personal in (True, False):
            asked = operations.query_for_request(request_, "sidebar", is_personal=is_personal)
            assert asked.segments == {7}


def test_a_source_of_the_sites_own_has_its_part_in_the_blend(site, placement, magazine, monkeypatch):
    chosen = make_article(site, "Sold out")

    class Bestsellers(CandidateSource):
        name, weight = "bestsellers", 5.0

        def candidates(self, request):
            return [Candidate(chosen.pk, 3.0, self.name, {"sold": 3})]

    monkeypatch.setattr(base, "_sources", {**base._sources})
    monkeypatch.setattr(strategies, "OWN", {})
    base.register(Bestsellers)
    slate = operations.recommend(query(site, magazine["rivers"][0]))
    item = next(item for item in slate.items if item.page_id == chosen.pk)
    assert item.sources["bestsellers"] > 0.5
