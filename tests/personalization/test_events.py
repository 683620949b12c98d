"""`record_events` and `record_batches`: each event once, whenever and however often it comes."""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from personalization.exceptions import InvalidField
from personalization.models import Event, PageCounter, Profile
from personalization.types import EventRecord
from personalization.visitors import events, folding, partitions, store
from tests.factories import make_article, make_site


@pytest.fixture
def page(db):
    return make_article(make_site())


def view(page, at=None, **fields):
    return EventRecord(uuid.uuid4(), "view", page.pk, at or timezone.now(), **fields)


def state():
    return (
        list(Event.objects.order_by("id").values()),
        list(PageCounter.objects.values()),
        list(Profile.objects.values("views", "visits", "recent", "sums")),
    )


@pytest.mark.parametrize("hours", [0, 1, 24, 71])
def test_a_batch_that_comes_again_with_other_times_changes_nothing(page, monkeypatch, hours):
    visitor, now = store.create_visitor(), timezone.now()
    batch = [view(page, now - timedelta(hours=70)), view(page, now), view(page, now - timedelta(minutes=61))]
    assert events.record_events(visitor, batch) == 3
    folding.fold_visitor(visitor)
    before = state()
    later = timedelta(hours=hours, milliseconds=7)
    monkeypatch.setattr(timezone, "now", lambda: now + later)
    again = [replace(event, at=event.at + later) for event in batch]
    assert events.record_events(visitor, again) == 0
    assert folding.fold_visitor(visitor) == 0
    assert state() == before


def test_the_border_between_two_partitions_is_no_way_round(page):
    border = partitions.partitions()[-1].start
    visitor, first = store.create_visitor(), view(page, border - timedelta(milliseconds=1))
    assert events.record_events(visitor, [first]) == 1
    assert events.record_events(visitor, [replace(first, at=border)]) == 0
    assert events.record_events(visitor, [replace(first, at=border + timedelta(days=500))]) == 0
    assert events.record_events(visitor, [replace(first, at=border - timedelta(hours=30))]) == 0


def test_an_event_may_come_again_with_new_ones(page):
    visitor, old, new = store.create_visitor(), view(page), view(page)
    events.record_events(visitor, [old])
    assert events.record_events(visitor, [new, old, new]) == 1
    assert list(Event.objects.order_by("id").values_list("event_id", flat=True)) == [old.event_id, new.event_id]


def test_events_are_stored_in_the_order_sent(page):
    batch = [view(page) for _ in range(30)]
    events.record_events(store.create_visitor(), batch)
    assert list(Event.objects.order_by("id").values_list("event_id", flat=True)) == [e.event_id for e in batch]


def test_many_visitors_are_written_at_once(page):
    gone, first, second = uuid.uuid4(), store.create_visitor(), store.create_visitor()
    shared = view(page)
    batches = [(first, [shared, view(page)]), (gone, [view(page)]), (second, [shared]), (first, [shared, view(page)])]
    assert events.record_batches(batches) == 4
    assert events.record_batches(batches) == 0
    assert {visitor: Event.objects.filter(visitor=visitor).count() for visitor in (first, second)} == {
        first: 3,
        second: 1,
    }
    assert PageCounter.objects.get().total == 2
    assert events.record_batches([]) == 0


def test_a_page_that_is_gone_is_left_out_of_many_batches(page):
    visitor = store.create_visitor()
    lost = replace(view(page), page_id=999_999)
    assert events.record_batches([(visitor, [lost, view(page)])]) == 1


def test_without_a_profile_nothing_waits_to_be_folded(page):
    visitor = store.create_visitor(purposes=["analytics"])
    events.record_events(visitor, [view(page)])
    assert Event.objects.get().is_folded


@pytest.mark.parametrize("write", ["one visitor", "many visitors"])
def test_the_number_of_queries_does_not_grow(page, write):
    def queries(n):
        visitors = [store.create_visitor() for _ in range(n if write == "many visitors" else 1)]
        batches = [(visitor, [view(page) for _ in range(n)]) for visitor in visitors]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            events.record_batches(batches)
        return len(captured)

    assert queries(1) == queries(30) <= 9


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_same_batch_twice_at_once_is_stored_once():
    page = make_article(make_site())
    visitor = store.create_visitor()
    batch = [view(page) for _ in range(50)]
    recorded, together = [], threading.Barrier(4)

    def send(number):
        together.wait()
        shifted = [replace(event, at=event.at + timedelta(milliseconds=number)) for event in batch]
        recorded.append(events.record_events(visitor, shifted))
        connections.close_all()

    threads = [threading.Thread(target=send, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(recorded) == [0, 0, 0, 50]
    assert Event.objects.count() == 50
    assert PageCounter.objects.get().total == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_requests_that_meet_only_that_fails_whose_page_went_away():
    page = make_article(make_site())
    batches = {store.create_visitor(): [view(page) for _ in range(3)] for _ in range(4)}
    unlucky = next(iter(batches))
    batches[unlucky].append(replace(view(page), page_id=999_999))
    told = {}

    def send(visitor):
        try:
            told[visitor] = events.record_events(visitor, batches[visitor])
        except InvalidField as error:
            told[visitor] = error.field
        connections.close_all()

    threads = [threading.Thread(target=send, args=[visitor]) for visitor in batches]
    with events._together._turn:
        for thread in threads:
            thread.start()
        while len(events._together._waiting) < len(threads):
            pass
    for thread in threads:
        thread.join()
    assert told == {visitor: "events" if visitor == unlucky else 3 for visitor in batches}
    assert Event.objects.count() == 9
    assert PageCounter.objects.get().total == 3
