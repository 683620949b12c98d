"""Trending's counters: decayed in the database, a reader once a page and hour."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from personalization.models import PageCounter
from personalization.types import EventRecord
from personalization.visitors import store
from tests.factories import make_article, make_site

pytestmark = pytest.mark.django_db
NOON = timezone.now().replace(minute=10, second=0, microsecond=0) - timedelta(hours=60)


@pytest.fixture
def page():
    return make_article(make_site())


def view(page, at=NOON, kind="view"):
    return EventRecord(uuid.uuid4(), kind, page.pk, at)


def test_a_reader_counts_once_for_a_page_and_hour(page):
    visitor = store.create_visitor()
    store.record_events(visitor, [view(page), view(page, NOON + timedelta(minutes=20))])
    store.record_events(visitor, [view(page, NOON + timedelta(minutes=40))])
    counter = PageCounter.objects.get()
    assert (counter.total, counter.score) == (1, 1.0)
    store.record_events(visitor, [view(page, NOON + timedelta(minutes=60))])
    assert PageCounter.objects.get().total == 2


def test_readers_add_up(page):
    for _ in range(3):
        store.record_events(store.create_visitor(), [view(page)])
    counter = PageCounter.objects.get()
    assert (counter.total, counter.score, counter.as_of) == (3, 3.0, NOON)


def test_only_views_count(page):
    store.record_events(store.create_visitor(), [view(page, kind="impression"), view(page, kind="click")])
    assert not PageCounter.objects.exists()


def test_a_view_counts_half_after_a_half_life(page, settings):
    settings.WAGTAIL_PERSONALIZATION = {"TRENDING_HALF_LIFE_HOURS": 24}
    store.record_events(store.create_visitor(), [view(page)])
    store.record_events(store.create_visitor(), [view(page, NOON + timedelta(hours=24))])
    counter = PageCounter.objects.get()
    assert counter.score == pytest.approx(1.5)
    assert counter.as_of == NOON + timedelta(hours=24)


def test_a_late_view_is_worth_what_is_left_of_it(page, settings):
    settings.WAGTAIL_PERSONALIZATION = {"TRENDING_HALF_LIFE_HOURS": 24}
    store.record_events(store.create_visitor(), [view(page, NOON + timedelta(hours=24))])
    store.record_events(store.create_visitor(), [view(page)])
    assert PageCounter.objects.get().score == pytest.approx(1.5)
    batch = [view(page, NOON), view(page, NOON + timedelta(hours=24))]
    store.record_events(store.create_visitor(), batch)
    assert PageCounter.objects.get().score == pytest.approx(3.0)


def test_an_ancient_counter_starts_anew_without_an_error(page):
    PageCounter.objects.create(page=page, score=100, as_of=NOON - timedelta(days=20_000), total=100)
    store.record_events(store.create_visitor(), [view(page)])
    counter = PageCounter.objects.get()
    assert counter.score == pytest.approx(1.0)
    assert counter.total == 101
