"""The contract of an event sink, as tests. Subclass it in a test module, and say what `sink` is."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from personalization.exceptions import SinkUnavailable
from personalization.models import Event, PageCounter
from personalization.types import EventRecord
from personalization.visitors import store
from personalization.visitors.sinks import Drained, EventSink

PLACEMENT = "contract"


class EventSinkContract:
    """What every sink promises.

    Give three fixtures: `sink`, the sink with nothing waiting in it, `broken_sink`, the same with its store out of
    reach, and `page_id`, a page that exists. Needs pytest-django; mark the class with `pytest.mark.django_db`.
    """

    @pytest.fixture
    def now(self) -> datetime:
        return timezone.now().replace(microsecond=123456)

    @pytest.fixture
    def batch(self, page_id: int, now: datetime) -> list[EventRecord]:
        """One event of each shape: with every field, and with none that may be left out."""
        slate_id = uuid.uuid4()
        return [
            EventRecord(uuid.uuid4(), "view", page_id, now - timedelta(minutes=5), device="mobile"),
            EventRecord(uuid.uuid4(), "dwell", page_id, now - timedelta(minutes=1), value=12.345678901234567),
            EventRecord(uuid.uuid4(), "click", page_id, now, None, slate_id, PLACEMENT, 3, "desktop"),
        ]

    def settle(self, sink: EventSink) -> Drained:
        """Drain the sink until nothing waits; what that did, together."""
        turns = [sink.drain()]
        while turns[-1].batches:
            turns.append(sink.drain())
        return Drained(
            batches=sum(turn.batches for turn in turns),
            recorded=sum(turn.recorded for turn in turns),
            visitors=frozenset().union(*(turn.visitors for turn in turns)),
            set_aside=sum(turn.set_aside for turn in turns),
        )

    def test_check_passes_where_it_works(self, sink: EventSink) -> None:
        sink.check()

    def test_a_batch_is_stored_as_it_was(self, sink: EventSink, batch: list[EventRecord]) -> None:
        visitor_id = store.create_visitor()
        written = sink.write(visitor_id, batch)
        drained = self.settle(sink)
        assert stored(visitor_id) == sorted(batch, key=lambda event: event.at)
        if sink.is_buffer:
            assert written is None
            assert drained == Drained(drained.batches, len(batch), frozenset({visitor_id}))
        else:
            assert written == len(batch)
            assert drained == Drained()

    def test_a_batch_sent_again_changes_nothing(self, sink: EventSink, batch: list[EventRecord]) -> None:
        visitor_id = store.create_visitor()
        sink.write(visitor_id, batch)
        self.settle(sink)
        counters = list(PageCounter.objects.values())
        assert sink.write(visitor_id, batch) in (0, None)
        assert self.settle(sink).recorded == 0
        assert len(stored(visitor_id)) == len(batch)
        assert list(PageCounter.objects.values()) == counters

    def test_the_same_batch_waiting_twice_counts_once(self, sink: EventSink, batch: list[EventRecord]) -> None:
        visitor_id = store.create_visitor()
        sink.write(visitor_id, [*batch, batch[0]])
        sink.write(visitor_id, batch)
        self.settle(sink)
        assert len(stored(visitor_id)) == len(batch)
        assert PageCounter.objects.get().total == 1

    def test_two_visitors_may_use_the_same_event_ids(self, sink: EventSink, batch: list[EventRecord]) -> None:
        visitors = [store.create_visitor(), store.create_visitor()]
        for visitor_id in visitors:
            sink.write(visitor_id, batch)
        self.settle(sink)
        assert [len(stored(visitor_id)) for visitor_id in visitors] == [len(batch)] * 2
        assert PageCounter.objects.get().total == 2

    def test_a_visitor_who_is_not_there_leaves_nothing(self, sink: EventSink, batch: list[EventRecord]) -> None:
        assert sink.write(uuid.uuid4(), batch) in (0, None)
        assert self.settle(sink).recorded == 0
        assert not Event.objects.exists()
        assert not PageCounter.objects.exists()

    def test_whoever_withdraws_meanwhile_leaves_nothing(self, sink: EventSink, batch: list[EventRecord]) -> None:
        leaves, stays = store.create_visitor(), store.create_visitor()
        for visitor_id in (leaves, stays):
            sink.write(visitor_id, batch)
        store.delete_visitor(leaves)
        self.settle(sink)
        assert stored(leaves) == []
        assert len(stored(stays)) == len(batch)

    def test_an_outage_says_so_and_loses_nothing(self, batch: list[EventRecord], broken_sink: EventSink) -> None:
        with pytest.raises(SinkUnavailable):
            broken_sink.write(uuid.uuid4(), batch)
        with pytest.raises(SinkUnavailable):
            broken_sink.check()


def stored(visitor_id: uuid.UUID) -> list[EventRecord]:
    """The visitor's events as they are in the database, oldest first."""
    fields = ("event_id", "kind", "page_id", "at", "value", "slate_id", "placement", "position", "device")
    rows = Event.objects.filter(visitor_id=visitor_id).order_by("at").values_list(*fields)
    return [EventRecord(*row) for row in rows]
