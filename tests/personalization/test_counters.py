"""Trending's counters: decayed in the database, a reader once a page and hour, and the same when counted anew."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalization.models import (
    ClassCounter,
    Event,
    EventCount,
    PageCounter,
    SessionRead,
    SignalState,
    half_lives_in_force,
    reads_at,
)
from personalization.recommendation.history.popularity import Popularity
from personalization.types import EventRecord
from personalization.visitors import counters, events, pairs, store
from tests.factories import make_article, make_site, make_views

pytestmark = pytest.mark.django_db
NOON = timezone.now().replace(minute=10, second=0, microsecond=0) - timedelta(hours=60)


@pytest.fixture
def site():
    return make_site()


@pytest.fixture
def page(site):
    return make_article(site)


@pytest.fixture
def pages(site, page):
    return [page, make_article(site), make_article(site)]


@pytest.fixture
def half_lives():
    """Those that are settled, in hours: 1, 24 and 240."""
    seconds = {"fast": 3600, "medium": 24 * 3600, "slow": 240 * 3600}
    return SignalState.objects.create(pk=1, **seconds, pairs=24 * 3600, sessions=24 * 3600).half_lives


def view(page, at=NOON, kind="view", **fields):
    return EventRecord(uuid.uuid4(), kind, page.pk, at, **fields)


def read(*views):
    store.record_events(store.create_visitor(), views)


def reads(page, at, name="medium"):
    counter = PageCounter.objects.get(page=page)
    return reads_at(getattr(counter, name), getattr(half_lives_in_force(), name), at)


def test_a_reader_counts_once_for_a_page_and_hour(page):
    visitor = store.create_visitor()
    store.record_events(visitor, [view(page), view(page, NOON + timedelta(minutes=20))])
    store.record_events(visitor, [view(page, NOON + timedelta(minutes=40))])
    assert PageCounter.objects.get().total == 1
    assert reads(page, NOON) == pytest.approx(1.0)
    store.record_events(visitor, [view(page, NOON + timedelta(minutes=60))])
    assert PageCounter.objects.get().total == 2


def test_readers_add_up(page):
    for _ in range(3):
        read(view(page))
    assert PageCounter.objects.get().total == 3
    assert [reads(page, NOON, name) for name in ("fast", "medium", "slow")] == pytest.approx([3.0] * 3)


def test_only_views_count(page):
    read(view(page, kind="impression"), view(page, kind="click"))
    assert not PageCounter.objects.exists()


@pytest.mark.parametrize("order", [(0, 24), (24, 0)])
def test_a_view_counts_half_after_a_half_life_however_late_it_comes(page, half_lives, order):
    for hours in order:
        read(view(page, NOON + timedelta(hours=hours)))
    later = NOON + timedelta(hours=24)
    assert reads(page, later) == pytest.approx(1.5)
    assert reads(page, later, "fast") == pytest.approx(1.0)
    assert reads(page, later, "slow") == pytest.approx(1 + 0.5**0.1)
    read(view(page, NOON), view(page, NOON + timedelta(hours=24)))
    assert reads(page, later) == pytest.approx(3.0)


def test_an_ancient_counter_starts_anew_without_an_error(page):
    make_views(page, 100, as_of=NOON - timedelta(days=20_000))
    read(view(page))
    assert reads(page, NOON) == pytest.approx(1.0)
    assert PageCounter.objects.get().total == 101


@pytest.mark.parametrize(("limit", "apart"), [("of_minute <= 20", 5), ("of_hour <= 100", 60)])
def test_whoever_opens_more_than_people_read_counts_for_a_bounded_number(pages, monkeypatch, request, limit, apart):
    monkeypatch.setattr(counters, "CREDIBLE", counters.CREDIBLE.replace(limit, f"{limit.split()[0]} <= 2"))
    visitor = store.create_visitor()
    events._statement.cache_clear()
    request.addfinalizer(events._statement.cache_clear)
    views = [view(page, NOON + timedelta(seconds=apart * number)) for number, page in enumerate(pages)]
    store.record_events(visitor, views[:1])
    store.record_events(visitor, views)
    assert set(PageCounter.objects.values_list("page_id", flat=True)) == {page.pk for page in pages[:2]}
    store.record_events(visitor, [view(pages[2], NOON + timedelta(minutes=5))])
    assert PageCounter.objects.count() == 2  # read before in this hour, counted or not


def test_what_is_older_than_single_events_keeps_its_total(page):
    read(view(page))
    long_ago = NOON - timedelta(days=200)
    EventCount.objects.create(page=page, hour=long_ago, kind="view", n=9, readers=7, referrer="search")
    counters.rebuild()
    assert PageCounter.objects.get().total == 8
    assert reads(page, NOON, "slow") == pytest.approx(1.0, abs=2)
    assert ClassCounter.objects.get(referrer="search").total == 7


SENT = st.lists(
    st.tuples(
        st.integers(0, 2),  # visitor
        st.integers(0, 2),  # page
        st.integers(0, 70 * 60),  # minutes ago
        st.sampled_from(["search", "internal"]),
        st.sampled_from(["mobile", "desktop"]),
    ),
    max_size=15,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=SENT, cuts=st.lists(st.integers(3, 8), min_size=3, max_size=3))
def test_counted_as_they_come_or_anew_or_in_memory_the_numbers_are_the_same(pages, half_lives, sent, cuts):
    for model in (Event, SessionRead, EventCount, PageCounter, ClassCounter):
        model.objects.all().delete()
    visitors = [store.create_visitor() for _ in range(3)]
    memory = Popularity((half_lives.fast, half_lives.medium, half_lives.slow))
    counted = set()
    now = timezone.now()
    for number, visitor in enumerate(visitors):
        own = [
            view(pages[page], now - timedelta(minutes=age), referrer=referrer, device=device)
            for owner, page, age, referrer, device in sent
            if owner == number
        ]
        for start in range(0, len(own), cuts[number]):
            store.record_events(visitor, own[: start + cuts[number]])  # what was sent before comes again
        for event in own:
            hour = (visitor, event.page_id, event.at.astimezone().replace(minute=0, second=0, microsecond=0))
            if hour not in counted:
                counted.add(hour)
                memory.add(event.page_id, event.at.timestamp(), [f"referrer={event.referrer}"])
    written = snapshot(now)
    assert written == pytest.approx(in_memory(memory, now))
    pairs.update()
    by_class = of_classes(now)
    counters.rebuild()
    assert snapshot(now) == pytest.approx(written)
    assert of_classes(now) == pytest.approx(by_class)
    assert by_class == pytest.approx(
        {
            (page, name.removeprefix("referrer=")): value
            for name, counts in memory._by_class.items()
            for page, (value,) in zip(*(part.tolist() for part in counts.all(now.timestamp())), strict=True)
        }
    )


def of_classes(now):
    found = {}
    for row in ClassCounter.objects.all():
        key = (row.page_id, row.referrer)
        found[key] = found.get(key, 0.0) + reads_at(row.medium, half_lives_in_force().medium, now)
    return found


def snapshot(now):
    names = ("fast", "medium", "slow")
    return {
        (row.page_id, name): reads_at(getattr(row, name), getattr(half_lives_in_force(), name), now)
        for row in PageCounter.objects.all()
        for name in names
    } | {(row.page_id, "total"): row.total for row in PageCounter.objects.all()}


def in_memory(popularity, now):
    ids, sums = popularity.all(now.timestamp())
    names = ("fast", "medium", "slow", "total")
    return {
        (page_id, name): value
        for page_id, row in zip(ids.tolist(), sums.tolist(), strict=True)
        for name, value in zip(names, row, strict=True)
    }
