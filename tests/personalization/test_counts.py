"""Counts without visitors: right by the hour, the same however events arrive, and kept when events are dropped."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalization import tasks
from personalization.models import Event, EventCount, PageCounter
from personalization.types import EventRecord
from personalization.visitors import events, store
from tests.factories import make_article, make_site

NOW = datetime(2026, 11, 20, 0, 30, tzinfo=UTC)


@pytest.fixture
def page(db, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    return make_article(make_site())


def record(page, kind="view", at=NOW, **fields):
    return EventRecord(uuid.uuid4(), kind, page.pk, at, **fields)


def total(**conditions):
    sums = EventCount.objects.filter(**conditions).aggregate(n=Sum("n", default=0), readers=Sum("readers", default=0))
    return sums["n"], sums["readers"]


def test_counts_hold_no_visitor():
    names = {field.name for field in EventCount._meta.get_fields()}
    assert not {name for name in names if "visitor" in name or "slate" in name or "event" in name}


def test_events_count_in_the_hour_in_which_they_happened(page):
    late = NOW - timedelta(hours=50, minutes=10)
    events.record_events(store.create_visitor(), [record(page), record(page, at=late)])
    hours = dict(EventCount.objects.values_list("hour", "n"))
    assert hours == {datetime(2026, 11, 20, tzinfo=UTC): 1, datetime(2026, 11, 17, 22, tzinfo=UTC): 1}
    assert PageCounter.objects.get().total == 2


def test_they_are_told_apart_by_what_reports_ask_for(page):
    batch = [
        record(page, device="mobile", country="FR", referrer="search"),
        record(page, device="mobile", country="FR", referrer="search"),
        record(page, "dwell", value=20.0, device="mobile"),
        record(page, "dwell", value=12.5, device="mobile"),
        record(page, "click", placement="sidebar"),
    ]
    events.record_events(store.create_visitor(), batch)
    rows = EventCount.objects.values_list("kind", "placement", "device", "country", "referrer", "n", "value")
    assert set(rows) == {
        ("view", "", "mobile", "FR", "search", 2, 0.0),
        ("dwell", "", "mobile", "", "", 2, 32.5),
        ("click", "sidebar", "", "", "", 1, 0.0),
    }


def test_a_reader_counts_once_a_day(page):
    one, two = store.create_visitor(), store.create_visitor()
    day = NOW.replace(hour=0, minute=0)
    events.record_events(one, [record(page, at=day), record(page, at=day + timedelta(minutes=20), device="mobile")])
    events.record_events(one, [record(page, at=day + timedelta(minutes=25))])
    events.record_events(one, [record(page, at=day - timedelta(minutes=5)), record(page, at=day - timedelta(hours=3))])
    events.record_events(two, [record(page, at=day)])
    assert total(hour__gte=day) == (4, 2)
    assert total(hour__lt=day) == (2, 1)


def test_a_day_is_the_sites_own(page, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    midnight = datetime(2026, 11, 19, 18, 30, tzinfo=UTC)
    visitor = store.create_visitor()
    events.record_events(visitor, [record(page, at=midnight), record(page, at=midnight - timedelta(seconds=1))])
    assert dict(EventCount.objects.values_list("hour", "readers")) == {midnight: 1, midnight - timedelta(hours=1): 1}


def test_without_consent_to_statistics_nothing_is_counted(page):
    visitor = store.create_visitor(purposes=["personalization"])
    assert events.record_events(visitor, [record(page)]) == 1
    assert not EventCount.objects.exists()


def test_counts_outlive_visitors_and_events(page, monkeypatch):
    visitor = store.create_visitor()
    before = NOW - timedelta(hours=2)
    events.record_events(visitor, [record(page), record(page, at=before), record(page, "dwell", value=9.0)])
    store.delete_visitor(visitor)
    assert total() == (3, 2)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=92))
    for _ in range(2):
        tasks.maintain_events()
        assert not Event.objects.exists()
        assert list(
            EventCount.objects.order_by("hour", "kind").values_list("hour", "kind", "n", "readers", "value")
        ) == [
            (datetime(2026, 11, 19, tzinfo=UTC), "view", 1, 1, 0.0),
            (datetime(2026, 11, 20, tzinfo=UTC), "dwell", 1, 0, 9.0),
            (datetime(2026, 11, 20, tzinfo=UTC), "view", 1, 1, 0.0),
        ]


def test_old_hours_become_one_day(page, monkeypatch):
    noon = NOW - timedelta(hours=12)
    for hours in (0, 1, 2):
        events.record_events(store.create_visitor(), [record(page, at=noon + timedelta(hours=hours))])
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=92))
    tasks.maintain_events()
    assert EventCount.objects.values_list("hour", "n", "readers").get() == (datetime(2026, 11, 19, tzinfo=UTC), 3, 3)


def snapshot():
    counts = EventCount.objects.order_by("page", "hour", "kind", "device")
    return (
        Event.objects.count(),
        list(counts.values_list("page", "hour", "kind", "device", "n", "readers", "value")),
        [(row.page_id, row.total, round(row.medium, 9)) for row in PageCounter.objects.order_by("page")],
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_however_batches_are_cut_repeated_and_shifted_the_counts_are_those_of_each_event_once(page, data):
    Event.objects.all().delete()
    EventCount.objects.all().delete()
    PageCounter.objects.all().delete()
    visitors = [store.create_visitor() for _ in range(2)]
    minutes = st.integers(0, 70 * 60)
    kinds = st.sampled_from(["view", "dwell", "click"])
    sent = data.draw(st.lists(st.tuples(st.sampled_from(visitors), kinds, minutes), min_size=1, max_size=12))
    stored = [
        (visitor, record(page, kind, NOW - timedelta(minutes=age), value=5.0 if kind == "dwell" else None))
        for visitor, kind, age in sent
    ]
    for visitor in visitors:
        mine = [event for owner, event in stored if owner == visitor]
        cut = data.draw(st.integers(0, len(mine)))
        events.record_events(visitor, mine[:cut])
        events.record_events(visitor, mine)
    before = snapshot()
    shift = timedelta(milliseconds=data.draw(st.integers(0, 2 * 3600 * 1000)))
    again = [(visitor, [replace(event, at=event.at + shift)]) for visitor, event in stored]
    assert events.record_batches(again) == 0
    assert snapshot() == before
    assert before[0] == len(stored)
    by_hour = Counter((event.kind, event.at.replace(minute=0)) for _, event in stored)
    assert {(kind, hour): n for _, hour, kind, _, n, _, _ in before[1]} == by_hour
    readers = {(visitor, event.at.date()) for visitor, event in stored if event.kind == "view"}
    assert sum(row[5] for row in before[1]) == len(readers)
    hours = {(visitor, event.at.replace(minute=0)) for visitor, event in stored if event.kind == "view"}
    assert sum(row[1] for row in before[2]) == len(hours)
