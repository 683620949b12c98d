"""Each candidate source against the shipped contract, and what is particular to it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from personalization.models import RelatedPages, Segment, half_lives_in_force
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.rules import Rule
from personalization.sources import SourceRequest, registered
from personalization.testing.sources import CandidateSourceContract
from personalization.types import ProfileState, ReadPage, RecQuery, RequestContext
from tagging.models import PageVector
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

NOW = timezone.now()


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def pages(site):
    """Five articles, each a little less like the first one, less read and older."""
    pages = [make_article(site, f"Article {number}") for number in range(5)]
    for number, page in enumerate(pages):
        make_vector(page, 1, number / 4, 0)
        make_views(page, 10 - number, as_of=NOW)
        published = NOW - timedelta(days=number)
        type(page).objects.filter(pk=page.pk).update(first_published_at=published)
    return pages


@pytest.fixture
def topic(pages):
    topic = make_topic("Urban cycling")
    for page in pages[1:]:
        tag_page(page, topic, 0.8)
    return topic


@pytest.fixture
def request_(site, pages, topic):
    profile = ProfileState(
        vector=np.array([1, 0, 0], dtype=np.float32),
        topics={topic.pk: 0.7},
        recent=(ReadPage(pages[0].pk, NOW),),
        mass=2.0,
    )
    query = RecQuery(
        placement="sidebar",
        n=4,
        site_id=site.pk,
        locale_id=site.root_page.locale_id,
        context=RequestContext(at=NOW),
        page_id=pages[0].pk,
        profile=profile,
    )
    pins = tuple(Rule("pin", frozenset([page.pk])) for page in pages[1:])
    placement = PlacementConfig("sidebar", "", 4, "blend", rules=pins)
    return SourceRequest(query, placement, 40, frozenset({pages[0].content_type_id}), frozenset({pages[0].pk}))


def ids(found):
    return [candidate.page_id for candidate in found]


class TestSimilar(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["similar"]

    def test_the_nearest_come_first_and_say_to_what(self, source, request_, pages):
        found = source.candidates(request_)
        assert ids(found) == [page.pk for page in pages[1:]]
        assert found[0].score == pytest.approx(4 / math.sqrt(17), abs=0.01)
        assert found[0].evidence["page_id"] == pages[0].pk

    def test_beside_no_page_it_says_nothing(self, source, request_):
        assert source.candidates(replace(request_, query=replace(request_.query, page_id=None))) == []


class TestRelated(CandidateSourceContract):
    """The same source, where a worker has made lists ahead."""

    @pytest.fixture
    def source(self, pages):
        items = [
            [page.pk, 6.0 - n, [3, 1, 0, 0, 0], ["Urban cycling"], None, None] for n, page in enumerate(pages[:0:-1])
        ]
        RelatedPages.objects.create(page=pages[0], items=items)
        return registered()["similar"]

    def test_the_list_decides_and_says_what_the_pages_share(self, source, request_, pages):
        first = source.candidates(request_)[0]
        assert first.page_id == pages[4].pk
        assert first.score == pytest.approx(6 / 11)
        assert first.evidence["terms"] == ["Urban cycling"]
        assert first.evidence["parts"]["terms"] == 3
        assert "topic_id" not in first.evidence

    def test_where_filters_leave_too_few_the_nearest_fill_up(self, source, request_, pages, site):
        others = [make_article(site) for _ in range(3)]
        for page in others:
            make_vector(page, 1, 0, 0)
        make_private(pages[1])
        PageVector.objects.filter(page=pages[1]).update(is_public=False)
        found = source.candidates(replace(request_, limit=6))
        assert ids(found)[:3] == [page.pk for page in pages[:1:-1]]
        assert set(ids(found)[3:]) == {page.pk for page in others}


class TestProfile(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["profile"]

    def test_it_names_the_topic_and_the_page_read(self, source, request_, pages, topic):
        best = source.candidates(request_)[0]
        assert best.page_id == pages[1].pk
        assert best.evidence["topic_id"] == topic.pk
        assert best.evidence["page_id"] == pages[0].pk

    def test_a_page_on_the_topic_beats_one_that_only_sounds_like_it(self, source, request_, site, pages):
        lookalike = make_article(site)
        make_vector(lookalike, 1, 0, 0)
        found = source.candidates(request_)
        assert ids(found).index(lookalike.pk) > ids(found).index(pages[1].pk)

    def test_a_topic_beside_the_one_read_says_what_they_share(self, source, request_, site):
        mobility = make_topic("Mobility")
        cycling, railways = make_topic("Cycling", mobility), make_topic("Railways", mobility)
        train, tart = make_article(site), make_article(site)
        tag_page(train, railways)
        tag_page(tart, make_topic("Baking"))
        for page in (train, tart):
            make_vector(page, 0, 0, 1)
        profile = replace(request_.query.profile, topics={cycling.pk: 0.7})
        found = {
            c.page_id: c for c in source.candidates(replace(request_, query=replace(request_.query, profile=profile)))
        }
        assert found[train.pk].evidence["topic_id"] == mobility.pk
        assert found[train.pk].score > found[tart.pk].score
        assert "topic_id" not in found[tart.pk].evidence

    def test_topics_alone_and_a_vector_alone_are_enough(self, source, request_, topic):
        for profile in (
            replace(request_.query.profile, vector=None),
            replace(request_.query.profile, topics={}),
        ):
            query = replace(request_.query, profile=profile)
            assert len(source.candidates(replace(request_, query=query))) == 4

    def test_a_vector_of_another_model_is_no_match(self, source, request_):
        profile = replace(request_.query.profile, vector=np.ones(2, dtype=np.float32), topics={})
        assert source.candidates(replace(request_, query=replace(request_.query, profile=profile))) == []

    def test_without_consent_it_says_nothing(self, source, request_):
        assert source.candidates(replace(request_, query=replace(request_.query, profile=None))) == []


class TestTrending(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["trending"]

    def test_views_count_half_after_a_half_life(self, source, request_, pages):
        half_life = timedelta(seconds=half_lives_in_force().medium)
        later = replace(request_.query, context=RequestContext(at=NOW + half_life))
        found = source.candidates(replace(request_, query=later))
        assert found[0].page_id == pages[1].pk
        assert found[0].evidence == {"views": 4.5}

    def test_a_fresh_burst_beats_an_old_one(self, source, request_, site):
        old, fresh = make_article(site), make_article(site)
        make_views(old, 1000, as_of=NOW - timedelta(days=200))
        make_views(fresh, 50, as_of=NOW)
        assert ids(source.candidates(request_))[0] == fresh.pk

    def test_what_was_read_years_ago_is_no_trend_and_no_error(self, source, request_, site):
        page = make_article(site)
        make_views(page, 10, as_of=NOW - timedelta(days=9000))
        assert page.pk not in ids(source.candidates(request_))

    def test_each_site_and_locale_has_its_own(self, source, request_, site):
        foreign = make_article(make_site("other.example", is_default=False))
        french = make_article(site)
        type(french).objects.filter(pk=french.pk).update(locale=make_locale("fr"))
        private = make_article(site)
        make_private(private)
        for page in (foreign, french, private):
            make_views(page, 500)
        assert not {foreign.pk, french.pk, private.pk} & set(ids(source.candidates(request_)))


class TestRecent(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["recent"]

    def test_the_newest_come_first_with_their_age(self, source, request_, pages):
        found = source.candidates(request_)
        assert ids(found) == [page.pk for page in pages[1:]]
        assert found[0].evidence == {"days": 1.0}

    def test_a_page_without_a_date_comes_last(self, source, request_, pages):
        type(pages[1]).objects.filter(pk=pages[1].pk).update(first_published_at=None)
        found = source.candidates(request_)
        assert (found[-1].page_id, found[-1].score) == (pages[1].pk, 0.0)


class TestPins(CandidateSourceContract):
    is_editorial = True

    @pytest.fixture
    def source(self):
        return registered()["pins"]

    def test_they_keep_the_editors_order_and_their_segment(self, source, request_, pages):
        segment = Segment.objects.create(name="Cyclists")
        rules = (Rule("pin", frozenset([pages[3].pk]), segment_id=segment.pk), Rule("pin", frozenset([pages[1].pk])))
        pinned = replace(request_, placement=replace(request_.placement, rules=rules))
        assert ids(source.candidates(pinned)) == [pages[1].pk]
        belonging = replace(pinned, query=replace(request_.query, segments=frozenset({segment.pk})))
        assert ids(source.candidates(belonging)) == [pages[3].pk, pages[1].pk]
