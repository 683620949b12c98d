"""Factorisations: both find what is read together, and are served from rows, of the reader's segment first."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from personalization import checks, tasks
from personalization.models import PageFactors, Profile, Segment, SessionRead
from personalization.recommendation.factors import METHODS, matrix_of
from personalization.recommendation.placement import PlacementConfig
from personalization.sources import SourceRequest, registered
from personalization.testing.sources import CandidateSourceContract
from personalization.types import RecQuery, RequestContext
from personalization.visitors import factors, store
from tests.factories import make_article, make_site

TOGETHER = [[1, 2, 3], [1, 2], [2, 1, 3], [7, 8], [8, 7, 9], [7, 8, 9]] * 20 + [[1, 7], [5]]


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_is_read_together_is_near(method):
    matrix, page_ids = matrix_of(TOGETHER)
    found = METHODS[method](matrix, page_ids).of()
    assert [page for page, (others, _weights) in found.items() if others] == [1, 2, 3, 7, 8, 9]
    assert found[5] == ([], [])  # never read with another
    assert found[1][0][0] == 2
    assert found[7][0][0] == 8
    for page, (others, weights) in found.items():
        assert page not in others
        assert weights == sorted(weights, reverse=True)
        assert np.isfinite(weights).all()
        assert not weights or min(weights) > 0


def test_only_the_most_read_pages_are_factorised():
    matrix, page_ids = matrix_of([[1, 2], [1, 2], [1, 3]], most=2)
    assert page_ids.tolist() == [1, 2]
    assert matrix.shape == (2, 2)


@pytest.fixture
def pages(db):
    site = make_site()
    return [make_article(site) for _ in range(5)]


def visit(pages, visitor=None):
    visitor, now = visitor or store.create_visitor(), timezone.now()
    SessionRead.objects.bulk_create(
        SessionRead(
            visitor_id=visitor, page=page, at=now + timedelta(seconds=n), session=now, is_first=True, last_at=now
        )
        for n, page in enumerate(pages)
    )
    return visitor


@pytest.fixture
def request_(pages, settings):
    settings.WAGTAIL_PERSONALIZATION = {"FACTORS": "ease"}
    PageFactors.objects.create(page=pages[0], others=[page.pk for page in pages[1:]], weights=[0.5, 0.4, 0.3, 0.2])
    site = pages[0].get_site()
    query = RecQuery("x", 4, site.pk, pages[0].locale_id, RequestContext(at=timezone.now()), page_id=pages[0].pk)
    types = frozenset({pages[0].content_type_id})
    return SourceRequest(query, PlacementConfig("x", "", 4, "blend"), 40, types, frozenset({pages[0].pk}))


class TestFactors(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["factors"]

    def test_the_readers_segment_comes_first(self, source, request_, pages):
        segment = Segment.objects.create(name="Cyclists")
        PageFactors.objects.create(segment=segment, page=pages[0], others=[pages[4].pk], weights=[0.1])
        assert len(source.candidates(request_)) == 4
        from dataclasses import replace

        member = replace(request_, query=replace(request_.query, segments=frozenset({segment.pk})))
        assert [candidate.page_id for candidate in source.candidates(member)] == [pages[4].pk]

    def test_it_is_off_by_default(self, source, request_, settings, django_assert_num_queries):
        settings.WAGTAIL_PERSONALIZATION = {}
        with django_assert_num_queries(0):
            assert source.candidates(request_) == []


def test_each_night_everybody_and_each_segment_big_enough_is_fitted(pages, settings, monkeypatch):
    settings.WAGTAIL_PERSONALIZATION = {"FACTORS": "ease"}
    monkeypatch.setattr(factors, "LEAST_SESSIONS", 3)
    segment, small = (Segment.objects.create(name=name) for name in ("Cyclists", "Bakers"))
    for number in range(4):
        member = visit(pages[:2])
        Profile.objects.filter(pk=member).update(segments=[segment.pk, *([small.pk] if number == 0 else [])])
        visit(pages[1:3])
    tasks.fit_factors()
    fitted = {(row.segment_id, row.page_id): row.others for row in PageFactors.objects.all()}
    assert set(fitted[None, pages[1].pk]) == {pages[0].pk, pages[2].pk}
    assert fitted[segment.pk, pages[1].pk] == [pages[0].pk]
    assert {segment_id for segment_id, _page in fitted} == {None, segment.pk}
    settings.WAGTAIL_PERSONALIZATION = {}
    tasks.fit_factors()
    assert not PageFactors.objects.exists()


class TestSeries(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["series"]

    @pytest.fixture
    def request_(self, request_, settings):
        settings.WAGTAIL_PERSONALIZATION = {"SERIES": f"{__name__}.following"}
        return request_

    def test_the_sites_own_order_is_kept(self, source, request_, pages):
        assert [candidate.page_id for candidate in source.candidates(request_)] == [p.pk for p in pages[1:]]

    def test_without_a_word_of_the_site_nothing_is_asked(self, source, request_, settings, django_assert_num_queries):
        settings.WAGTAIL_PERSONALIZATION = {}
        with django_assert_num_queries(0):
            assert source.candidates(request_) == []


def following(page):
    return list(type(page).objects.filter(pk__gt=page.pk).order_by("pk"))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("FACTORS", "svd"),
        ("SERIES", "no.such"),
        ("TRENDING_HALF_LIVES_HOURS", (3, 2, 1)),
        ("COVISITS_HALF_LIFE_HOURS", 0),
    ],
)
def test_a_wrong_setting_is_named(key, value, settings):
    settings.WAGTAIL_PERSONALIZATION = {key: value}
    (error,) = checks.check_settings()
    assert key in error.msg
