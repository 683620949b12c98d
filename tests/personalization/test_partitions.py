"""The event table in parts: made ahead, dropped in time, and never a reason to refuse an event."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise

import pytest
from django.core import checks, serializers
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from personalization import tasks
from personalization.models import Event, Visitor
from personalization.types import EventRecord
from personalization.visitors import partitions, store
from tests.factories import make_article, make_site


@pytest.fixture
def page(db):
    return make_article(make_site())


def record(page, at, visitor=None):
    visitor = visitor or store.create_visitor()
    assert store.record_events(visitor, [EventRecord(uuid.uuid4(), "view", page.pk, at)]) == 1
    return visitor


def table_of(at):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM personalization_event WHERE at = %s", [at])
        return cursor.fetchone()[0]


def at_noon(monkeypatch, *date):
    moment = datetime(*date, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    return moment


@pytest.mark.django_db
def test_a_new_site_has_partitions_for_late_and_for_coming_events():
    existing = partitions.partitions()
    now = timezone.now()
    assert existing[0].start <= now - timedelta(hours=72)
    assert existing[-1].end > now + partitions.AHEAD
    assert all(earlier.end == later.start for earlier, later in pairwise(existing))


def test_new_events_do_not_land_in_the_default_partition(page):
    now = timezone.now()
    record(page, now)
    assert table_of(now) != "personalization_event_default"


def test_an_event_without_a_partition_is_taken_and_moves_when_it_has_one(page, monkeypatch):
    last = partitions.partitions()[-1].end
    at = last + timedelta(days=3)
    record(page, at)
    assert table_of(at) == "personalization_event_default"
    monkeypatch.setattr(timezone, "now", lambda: at)
    made = partitions.make_ahead()
    assert made[0].start == last
    assert table_of(at) == made[0].name
    assert partitions.make_ahead() == []


def test_the_unit_may_change_at_any_time(page, monkeypatch, settings):
    last = partitions.partitions()[-1].end
    monkeypatch.setattr(timezone, "now", lambda: last + timedelta(days=3))
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_PARTITION": "day"}
    days = partitions.make_ahead()
    assert all(day.end - day.start == timedelta(days=1) for day in days)
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_PARTITION": "month"}
    monkeypatch.setattr(timezone, "now", lambda: last + timedelta(days=60))
    rest, *months = partitions.make_ahead()
    assert rest.start == days[-1].end
    assert rest.end.day == 1
    assert all(month.start.day == 1 and 28 <= (month.end - month.start).days <= 31 for month in months)


def test_after_long_without_beat_only_what_is_kept_gets_partitions(page, monkeypatch):
    at_noon(monkeypatch, 2035, 5, 17)
    made = partitions.make_ahead()
    assert (made[0].start, made[-1].end) == (datetime(2035, 2, 1, tzinfo=UTC), datetime(2035, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize("unit", ["day", "month"])
def test_events_are_kept_for_so_many_days_and_no_longer(page, monkeypatch, settings, unit):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_PARTITION": unit, "EVENTS_RETENTION_DAYS": 30}
    first = at_noon(monkeypatch, 2035, 1, 10)
    tasks.maintain_events()
    record(page, first)
    record(page, first + timedelta(days=9))
    in_default = first - timedelta(days=400)
    record(page, in_default)
    monkeypatch.setattr(timezone, "now", lambda: first + timedelta(days=31))
    tasks.maintain_events()
    assert list(Event.objects.values_list("at", flat=True)) == [first + timedelta(days=9)]
    monkeypatch.setattr(timezone, "now", lambda: first + timedelta(days=90))
    dropped = table_of(first + timedelta(days=9))
    tasks.maintain_events()
    assert not Event.objects.exists()
    assert dropped not in connection.introspection.table_names()


def test_deleting_a_visitor_or_a_page_reaches_every_partition(page, monkeypatch):
    now = timezone.now()
    other = make_article(page.get_site())
    visitor = store.create_visitor()
    for at in (now, now - timedelta(days=40), now + timedelta(days=300)):
        record(page, at, visitor)
        record(page, at)
        record(other, at)
    store.delete_visitor(visitor)
    assert Event.objects.count() == 6
    page.delete()
    assert set(Event.objects.values_list("page_id", flat=True)) == {other.pk}
    assert Visitor.objects.count() == 6


def test_events_are_dumped_and_loaded_as_any_model(page):
    record(page, timezone.now())
    dump = StringIO()
    call_command("dumpdata", "personalization.event", stdout=dump)
    before = Event.objects.values().get()
    Event.objects.all().delete()
    for loaded in serializers.deserialize("json", dump.getvalue()):
        loaded.save()
    after = Event.objects.values().get()
    assert after["event_id"] == before["event_id"]
    assert after["id"] == before["id"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_test_database_can_be_flushed():
    record(make_article(make_site()), timezone.now())
    call_command("flush", interactive=False, inhibit_post_migrate=True, reset_sequences=False)
    assert not Event.objects.exists()
    assert partitions.partitions()


def test_the_command_does_it_without_beat_and_says_what(page, monkeypatch):
    at_noon(monkeypatch, 2035, 5, 17)
    said = StringIO()
    call_command("maintain_events", stdout=said)
    assert "Made personalization_event_20350501." in said.getvalue()
    assert "up to 2035-06-01." in said.getvalue()
    assert "Dropped" in said.getvalue()


@pytest.mark.parametrize(("days", "errors"), [(5, ["personalization.E008"]), (6, []), (90, [])])
def test_events_are_kept_while_they_may_come_again(settings, days, errors):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_RETENTION_DAYS": days}
    assert [error.id for error in checks.run_checks(tags=["personalization"])] == errors


@pytest.mark.parametrize("value", ["week", "", None, 1])
def test_a_wrong_unit_is_named(settings, value):
    settings.WAGTAIL_PERSONALIZATION = {"EVENTS_PARTITION": value}
    assert [error.id for error in checks.run_checks(tags=["personalization"])] == ["personalization.E003"]
