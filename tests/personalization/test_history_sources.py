"""Sources over what others read: against the shipped contract, and number by number against the in-memory stores."""

from __future__ import annotations

import random
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from personalization.models import SignalState
from personalization.recommendation.history.covisits import CoVisits
from personalization.recommendation.history.sessions import Sessions
from personalization.recommendation.history.transitions import Transitions
from personalization.recommendation.placement import PlacementConfig
from personalization.sources import SourceRequest, registered
from personalization.testing.sources import CandidateSourceContract
from personalization.types import EventRecord, ProfileState, ReadPage, RecQuery, RequestContext
from personalization.visitors import pairs, store
from tests.factories import make_article, make_locale, make_site

pytestmark = pytest.mark.django_db

DAY = 24 * 3600.0


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def site(db):
    SignalState.objects.create(pk=1, fast=3600, medium=DAY, slow=10 * DAY, pairs=DAY, sessions=DAY / 2)
    return make_site()


@pytest.fixture
def pages(site):
    return [make_article(site, f"Article {number}") for number in range(6)]


@pytest.fixture
def visits(pages, now):
    """What others read: each of the other pages some times right after the first one, the second most often."""
    visitors = [
        visit(now, [(pages[0], 60 + reader), (pages[other], 58 + reader), (pages[5], 57 + reader)])
        for other in range(1, 5)
        for reader in range(6 - other)
    ]
    catch_up()
    return visitors


@pytest.fixture
def request_(site, pages, visits, now):
    query = RecQuery("sidebar", 4, site.pk, site.root_page.locale_id, RequestContext(at=now), page_id=pages[0].pk)
    placement = PlacementConfig("sidebar", "", 4, "blend")
    return SourceRequest(query, placement, 40, frozenset({pages[0].content_type_id}), frozenset({pages[0].pk}))


def visit(now, reads, **fields):
    visitor = store.create_visitor()
    events = [EventRecord(uuid.uuid4(), "view", page.pk, now - timedelta(minutes=ago), **fields) for page, ago in reads]
    store.record_events(visitor, events)
    return visitor


def catch_up():
    while pairs.update():
        pass


def ids(found):
    return [candidate.page_id for candidate in found]


def asked(request_, **changes):
    return replace(request_, query=replace(request_.query, **changes))


class TestCoVisits(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["covisits"]

    def test_what_is_read_with_a_page_comes_first_and_says_with_which(self, source, request_, pages):
        found = source.candidates(request_)
        assert found[0].page_id == pages[5].pk  # in every session
        assert found[0].evidence == {"page_id": pages[0].pk, "readers": 11}  # 14 sessions at a distance of two
        assert ids(found)[1:] == [page.pk for page in pages[1:5]]

    def test_pages_that_are_gone_or_of_another_language_take_nobodys_place(self, source, request_, pages):
        pages[5].unpublish()
        type(pages[1]).objects.filter(pk=pages[1].pk).update(locale=make_locale("fr"))
        assert ids(source.candidates(replace(request_, limit=2))) == [pages[2].pk, pages[3].pk]

    def test_beside_no_page_and_of_nobody_it_says_nothing(self, source, request_):
        assert source.candidates(asked(request_, page_id=None)) == []


class TestTransitions(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["transitions"]

    def test_the_page_opened_next_most_often_comes_first(self, source, request_, pages):
        found = source.candidates(request_)
        assert ids(found) == [page.pk for page in pages[1:5]]
        assert found[0].evidence == {"page_id": pages[0].pk, "readers": 5}
        assert found[0].signals["total"] == pytest.approx(5 / (14 + 5))


class TestSessions(CandidateSourceContract):
    @pytest.fixture
    def source(self):
        return registered()["sessions"]

    def test_visits_that_share_more_count_more(self, source, request_, pages, now):
        recent = (ReadPage(pages[0].pk, now - timedelta(minutes=1)),)
        profile = ProfileState(recent=recent)
        beside = asked(request_, page_id=pages[4].pk, profile=profile)
        assert ids(source.candidates(beside))[0] == pages[5].pk
        assert source.candidates(beside)[0].evidence["page_id"] == pages[4].pk

    def test_nobodys_own_visits_are_others(self, source, request_, pages, visits):
        one = asked(request_, visitor_id=visits[-1])
        by_others = {c.page_id: c.evidence["readers"] for c in source.candidates(one)}
        assert by_others[pages[5].pk] == 13

    def test_who_withdrew_is_in_no_visit(self, source, request_, visits):
        for visitor in visits:
            store.set_purposes(visitor, ["personalization"])
        assert source.candidates(request_) == []


class TestTrendingInAClass:
    def test_a_known_reader_sees_what_others_from_there_read(self, request_, pages, now):
        for _ in range(4):
            visit(now, [(pages[4], 5)], referrer="search", device="mobile")
        catch_up()

        def shares(referrer, profile=None):
            asking = asked(request_, context=RequestContext(at=now, referrer=referrer), profile=profile)
            return {c.page_id: c.signals["class"] for c in registered()["trending"].candidates(asking)}

        everybodys = shares("search")
        from_a_search = shares("search", ProfileState())
        assert from_a_search[pages[4].pk] > everybodys[pages[4].pk]
        assert from_a_search[pages[1].pk] < everybodys[pages[1].pk]
        assert shares("social", ProfileState()) == pytest.approx(everybodys)  # nobody else came from there


@pytest.mark.parametrize("seed", range(2))
def test_each_says_what_the_store_in_memory_says(site, pages, now, request_, seed):
    """A log of visits, replayed into both; the reader is in the middle of one more."""
    chance = random.Random(seed)
    covisits, transitions, sessions = CoVisits(DAY), Transitions(DAY), Sessions(DAY / 2)
    memory(pages, now, covisits, transitions, sessions)
    log = []
    for _ in range(12):
        start, order = chance.randint(60, 1400), [chance.choice(pages) for _ in range(chance.randint(1, 5))]
        log.append([(page, start - step) for step, page in enumerate(order)])
    for reads in sorted(log, key=lambda reads: -reads[0][1]):
        visitor = visit(now, reads)
        replay(visitor, reads, now, covisits, transitions, sessions)
    catch_up()
    recent = tuple(ReadPage(pages[i].pk, now - timedelta(minutes=minutes)) for i, minutes in ((1, 2), (2, 4)))
    reader = asked(request_, page_id=pages[0].pk, profile=ProfileState(recent=recent))
    history, at = [pages[2].pk, pages[1].pk, pages[0].pk], now.timestamp()
    for name, (page_ids, rows) in {
        "covisits": covisits.scores(history, at),
        "transitions": transitions.scores(history, at),
    }.items():
        found = {c.page_id: (c.score, *c.signals.values()) for c in registered()[name].candidates(reader)}
        known = set(history) if name == "covisits" else {pages[0].pk}
        wanted = zip(page_ids.tolist(), rows.tolist(), strict=True)
        assert found == {page: pytest.approx(tuple(row)) for page, row in wanted if page not in known and row[0] > 0}
    found = {c.page_id: c.score for c in registered()["sessions"].candidates(reader)}
    assert found == pytest.approx({p: s for p, s in sessions.scores(history, at).items() if p not in history})


def memory(pages, now, covisits, transitions, sessions):
    """What the fixture `visits` put into the database."""
    for other in range(1, 5):
        for reader in range(6 - other):
            reads = [(pages[0], 60 + reader), (pages[other], 58 + reader), (pages[5], 57 + reader)]
            replay((other, reader), reads, now, covisits, transitions, sessions)


def replay(session, reads, now, covisits, transitions, sessions):
    viewed = []
    for page, ago in reads:
        at = (now - timedelta(minutes=ago)).timestamp()
        covisits.add(page.pk, list(dict.fromkeys(viewed)), at)
        sessions.add(session, page.pk, at)
        transitions.add(page.pk, viewed, at)
        viewed.append(page.pk)


def test_each_asks_the_database_a_fixed_few_times(request_):
    for name, most in (("covisits", 1), ("transitions", 1), ("sessions", 1), ("trending", 1)):
        with CaptureQueriesContext(connection) as queries:
            registered()[name].candidates(request_)
        assert len(queries) == most, name
