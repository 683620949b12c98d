"""Pairs of pages and sessions: kept up with events that come late, twice or in pieces, as if counted all at once."""

from __future__ import annotations

import uuid
from dataclasses import astuple
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personalization import tasks
from personalization.models import (
    ClassCounter,
    Event,
    PageCounter,
    PagePair,
    SessionRead,
    SignalState,
    reads_at,
    suitable_half_lives,
)
from personalization.recommendation.history.covisits import CoVisits
from personalization.recommendation.history.transitions import Transitions
from personalization.types import EventRecord
from personalization.visitors import accounts, pairs, signals, store
from tests.factories import make_article, make_site, make_user

pytestmark = pytest.mark.django_db
HALF_LIFE = 24 * 3600.0
GAP = timedelta(minutes=30)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def pages(db):
    site = make_site()
    SignalState.objects.create(pk=1, fast=3600, medium=7200, slow=HALF_LIFE, pairs=HALF_LIFE, sessions=HALF_LIFE)
    return [make_article(site) for _ in range(4)]


def view(page, at, **fields):
    return EventRecord(uuid.uuid4(), "view", page.pk, at, **fields)


def read(now, *views, visitor=None):
    """The visitor read these pages, each so many minutes ago."""
    visitor = visitor or store.create_visitor()
    store.record_events(visitor, [view(page, now - timedelta(minutes=minutes)) for page, minutes in views])
    return visitor


def catch_up():
    while pairs.update():
        pass


def together(one, other):
    row = PagePair.objects.filter(source=one, target=other).first()
    return (row.together_total, row.steps_total) if row else (0.0, 0.0)


def test_pages_of_a_session_are_paired_by_how_far_apart_they_were_first_read(pages, now):
    a, b, c, _d = pages
    read(now, (a, 30), (b, 25), (a, 20), (c, 10))
    catch_up()
    assert together(a, b) == pytest.approx((1.0, 1.0))
    assert together(a, c) == pytest.approx((0.8, 1.0))
    assert together(b, c) == pytest.approx((1.0, 0.0))
    assert together(b, a) == (0.0, 1.0)
    assert together(a, a) == (1.0, 2.0)  # one session, two steps away


def test_a_pause_ends_a_session(pages, now):
    a, b, _c, _d = pages
    read(now, (a, 100), (b, 60))
    catch_up()
    assert together(a, b) == (0.0, 0.0)


def test_a_late_view_puts_right_what_its_session_counted_for(pages, now):
    a, b, c, _d = pages
    visitor = read(now, (a, 100), (c, 50))
    catch_up()
    assert together(a, c) == (0.0, 0.0)
    read(now, (b, 75), visitor=visitor)
    catch_up()
    assert (together(a, b), together(b, c), together(a, c)) == ((1.0, 1.0), (1.0, 1.0), (0.8, 0.0))
    read(now, (c, 98), visitor=visitor)
    catch_up()
    assert together(a, c) == pytest.approx((1.0, 1.0))
    assert together(b, c) == pytest.approx((0.0, 1.0))
    assert SessionRead.objects.filter(is_first=True).count() == 3
    assert SessionRead.objects.values("session", "last_at").distinct().count() == 1


def test_without_consent_to_statistics_nothing_is_paired(pages, now):
    a, b, _c, _d = pages
    read(now, (a, 5), (b, 1), visitor=store.create_visitor(purposes=["personalization"]))
    catch_up()
    assert not PagePair.objects.exists()
    assert not SessionRead.objects.exists()


def test_pairs_outlive_their_readers_and_sessions_do_not(pages, now):
    a, b, _c, _d = pages
    gone, withdrawn = read(now, (a, 5), (b, 1)), read(now, (a, 5), (b, 1))
    catch_up()
    store.delete_visitor(gone)
    store.set_purposes(withdrawn, ["personalization"])
    assert not SessionRead.objects.exists()
    assert together(a, b) == (2.0, 2.0)
    assert not {name for field in PagePair._meta.get_fields() if "visitor" in (name := field.name)}
    read(now, (b, 0), visitor=withdrawn)
    catch_up()
    assert together(a, b) == (2.0, 2.0)


def test_of_each_page_the_strongest_others_are_kept(pages, now, settings):
    settings.WAGTAIL_PERSONALIZATION = {"COVISITS_PER_PAGE": 1}
    a, b, c, d = pages
    for other, readers in ((b, 3), (c, 2), (d, 1)):
        for _ in range(readers):
            read(now, (a, 5), (other, 1))
    read(now, (c, 5), (d, 3), (b, 1))
    catch_up()
    pairs.tidy()
    kept = set(PagePair.objects.values_list("source_id", "target_id"))
    assert (a.pk, b.pk) in kept
    assert (a.pk, d.pk) not in kept or (d.pk, b.pk) not in kept
    assert {(page.pk, page.pk) for page in (a, b, c, d)} <= kept


def test_a_session_without_an_end_is_cut(pages, now, monkeypatch):
    visitor = store.create_visitor()
    for start in (0, 60):
        batch = [view(pages[n % 2], now - timedelta(minutes=140 - start - n)) for n in range(60)]
        store.record_events(visitor, batch)
        catch_up()
    assert sorted(SessionRead.objects.values_list("session").distinct()).__len__() == 2
    before = numbers(now)
    pairs.rebuild()
    assert numbers(now) == pytest.approx(before)


SENT = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 36).map(lambda tens: tens * 10)), max_size=16
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=SENT, order=st.randoms(use_true_random=False), pieces=st.integers(1, 5))
def test_kept_up_counted_anew_or_in_memory_the_numbers_are_the_same(pages, now, sent, order, pieces):
    for model in (PagePair, SessionRead, Event, ClassCounter):
        model.objects.all().delete()
    visitors = [store.create_visitor() for _ in range(3)]
    chosen = {(owner, minutes): page for owner, page, minutes in sent}
    events = [(owner, view(pages[page], now - timedelta(minutes=m))) for (owner, m), page in chosen.items()]
    order.shuffle(events)
    for start in range(0, len(events), pieces):
        for owner, event in events[max(0, start - 2) : start + pieces]:  # some come twice
            store.record_events(visitors[owner], [event])
        catch_up()
    kept_up = numbers(now)
    assert kept_up == pytest.approx(in_memory(events, now))
    reads = set(SessionRead.objects.values_list("visitor", "page", "at", "session", "is_first", "last_at"))
    classes = set(ClassCounter.objects.values_list("page", "total"))
    pairs.rebuild()
    assert numbers(now) == pytest.approx(kept_up)
    assert set(SessionRead.objects.values_list("visitor", "page", "at", "session", "is_first", "last_at")) == reads
    assert set(ClassCounter.objects.values_list("page", "total")) == classes


def numbers(now, half_life=HALF_LIFE):
    """(source, target, what) to the sum as of `now`, without what is nothing."""
    found = {}
    for row in PagePair.objects.all():
        aged = 2 ** (-(now - row.as_of).total_seconds() / half_life)
        for name, value in (
            ("together", row.together * aged),
            ("together_total", row.together_total),
            ("steps", row.steps * aged),
            ("steps_total", row.steps_total),
            ("leaps", row.leaps * aged),
            ("far_leaps", row.far_leaps * aged),
        ):
            if abs(value) > 1e-9:
                found[row.source_id, row.target_id, name] = value
    return found


def in_memory(events, now):
    """The same by the stores that evaluating uses: session after session, in order of time."""
    covisits, transitions = CoVisits(HALF_LIFE), Transitions(HALF_LIFE)
    for owner in {owner for owner, _event in events}:
        viewed, last = [], None
        for event in sorted((event for who, event in events if who == owner), key=lambda event: event.at):
            if last is not None and event.at - last > GAP:
                viewed = []
            covisits.add(event.page_id, list(dict.fromkeys(viewed)), event.at.timestamp())
            transitions.add(event.page_id, viewed, event.at.timestamp())
            viewed, last = [*viewed, event.page_id], event.at
    return {key: value for key, value in stored(covisits, transitions, now.timestamp()) if abs(value) > 1e-9}


def stored(covisits, transitions, at):
    """What the stores hold, named as the table's columns are."""
    yield from of_store(covisits._views, covisits._pairs, at, ("together", "together_total"))
    names = (("steps", "steps_total"), ("leaps",), ("far_leaps",))
    for departures, pairs_, columns in zip(transitions._departures, transitions._pairs, names, strict=True):
        yield from of_store(departures, pairs_, at, columns)


def of_store(of_pages, of_pairs, at, columns):
    page_ids, sums = of_pages.all(at)
    for page_id, row in zip(page_ids.tolist(), sums.tolist(), strict=True):
        yield from (((page_id, page_id, name), value) for name, value in zip(columns, row, strict=False))
        other_ids, others = of_pairs.of(page_id, at)
        for other_id, other in zip(other_ids.tolist(), others.tolist(), strict=True):
            yield from (((page_id, other_id, name), value) for name, value in zip(columns, other, strict=False))


def test_half_lives_follow_the_settings_and_everything_is_counted_anew(pages, now, settings):
    a, b, _c, _d = pages
    read(now, (a, 5), (b, 1))
    catch_up()
    settings.WAGTAIL_PERSONALIZATION = {
        "TRENDING_HALF_LIVES_HOURS": (1, 2, 3),
        "COVISITS_HALF_LIFE_HOURS": 4,
        "SESSIONS_HALF_LIFE_HOURS": 5.0,
    }
    tasks.keep_signals()
    state = SignalState.objects.get()
    assert [half_life / 3600 for half_life in astuple(state.half_lives)] == [1, 2, 3, 4, 5]
    assert reads_at(PageCounter.objects.get(page=a).fast, 3600, now) == pytest.approx(0.5 ** (5 / 60))
    assert numbers(now, 4 * 3600)[a.pk, b.pk, "together"] == pytest.approx(0.5 ** (1 / 240))
    assert not signals.keep()


def test_half_lives_suit_how_much_is_read(pages, now, settings):
    quiet = suitable_half_lives(0.0, 0.0)
    assert quiet.slow == 90 * 86400
    assert suitable_half_lives(100.0, 30.0).medium == 3600
    assert suitable_half_lives(10.0, 3.0).medium == 10 * 3600
    SignalState.objects.all().delete()
    tasks.keep_signals()
    assert SignalState.objects.get().half_lives == quiet
    for number in range(30):
        read(now, (pages[number % 4], 30), visitor=None)
    assert signals.keep()
    assert SignalState.objects.get().fast == pytest.approx(25 / 30 * 3600, rel=0.5)


def test_the_command_counts_anew_and_says_what(pages, now, capsys):
    a, b, _c, _d = pages
    read(now, (a, 5), (b, 1))
    call_command("rebuild_covisits", verbosity=0)
    assert "2 views in sessions, 3 pairs of pages, 2 pages counted" in capsys.readouterr().out
    tasks.update_signals()
    assert together(a, b) == (1.0, 1.0)


def test_at_login_a_visit_is_not_counted_twice(pages, now, settings):
    settings.WAGTAIL_PERSONALIZATION = {"LOGIN_MERGE": True}
    a, b, c, _d = pages
    visitor = read(now, (a, 5), (b, 4))
    catch_up()
    account = accounts.join(make_user(), visitor)
    read(now, (c, 3), visitor=account)
    catch_up()
    assert together(a, b) == (1.0, 1.0)
    assert together(a, c) == pytest.approx((0.8, 0.0))
