"""The product's sources and hybrids, replayed over small logs whose readers follow known rules."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from personalization.evaluation import own
from personalization.evaluation.catalogue import Catalogue, CataloguePage
from personalization.evaluation.contender import LoggedView, SessionState
from personalization.evaluation.log import Attribute, Log
from personalization.evaluation.own.reading import Reading
from personalization.evaluation.own.sources import LIMIT, SOURCES
from personalization.evaluation.replay import Plan, answers
from personalization.management.evaluating.texts import content_of

PAGES = 60


def log_of(sessions, *, minutes=1.0, referrers=None):
    """A log of sessions read one after another, a view each so many minutes; 0 for a log without times."""
    pages = np.array([page for session in sessions for page in session], dtype=np.int32)
    numbers = np.repeat(np.arange(len(sessions), dtype=np.int32), [len(session) for session in sessions])
    times = 1.7e9 + 60.0 * minutes * np.arange(len(pages)) if minutes else np.zeros(len(pages))
    attributes = {}
    if referrers is not None:
        attributes = {"referrer": Attribute(np.array(referrers, dtype=np.int32)[numbers], ("search", "social"))}
    return Log(numbers, numbers, pages, times, tuple(str(page) for page in range(PAGES)), attributes)


def walks(count, seed=0):
    """Sessions in which a page is mostly followed by its double, and at times by anything."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        session = [int(rng.integers(1, PAGES))]
        for _step in range(3):
            follows = 2 * session[-1] % (PAGES - 1) if rng.random() < 0.7 else int(rng.integers(1, PAGES))
            if follows not in session:
                session.append(follows)
        yield session


def mean_rank_gain(log, plan):
    """Contender to the mean of 1 / rank."""
    ranks = {one.name: one.ranks(log).astype(float) for one in answers(log, plan, own.teams(plan.start)["own"]())}
    return {name: float(np.divide(1.0, r, out=np.zeros_like(r), where=r > 0).mean()) for name, r in ranks.items()}


@pytest.fixture(scope="module")
def gains():
    log = log_of(list(walks(900)))
    return mean_rank_gain(log, Plan(int(len(log) * 0.95), len(log), refresh=3600.0))


def test_what_leads_from_page_to_page_is_found(gains):
    assert gains["source, transitions"] > 0.5 > 2 * gains["source, trending"]


def test_a_ranker_learns_which_source_to_trust(gains):
    assert gains["hybrid, logistic"] > 0.97 * max(gains.values())


def test_switching_hard_loses(gains):
    assert gains["hybrid, hard switch"] < 0.8 * gains["hybrid, logistic"]


def test_a_log_without_times_is_learned_from_view_by_view():
    log = log_of(list(walks(900)), minutes=0)
    gains = mean_rank_gain(log, Plan(int(len(log) * 0.95), len(log), refresh=None, whole_session=False))
    assert gains["source, transitions"] > 0.5
    assert gains["hybrid, logistic"] > 0.97 * gains["source, transitions"]


def test_readers_who_come_from_elsewhere_are_shown_what_those_read():
    reading = Reading(1000)
    for number in range(4000):
        page, referrer = (1, "search") if number % 4 else (2, "social")
        state = SessionState(number, number, 1.7e9 + number)
        reading.observe(LoggedView(page, state, {"referrer": referrer}))
    reading.refresh(1.7e9 + 4000)

    def most_read(referrer):
        state = SessionState(9999, 9999, 1.7e9 + 4001, (5,), {"referrer": referrer}, frozenset({5}))
        return next(one.page_id for one in reading.candidates(state) if one.source == "trending")

    assert (most_read("search"), most_read("social")) == (1, 2)


@pytest.mark.parametrize("at", [0.0, 1.7e9])
def test_a_view_counts_once_however_many_contenders_pass_it_on(at):
    team = own.teams(100)["own"]()
    for number in range(1500):
        view = LoggedView(number % 3, SessionState(number, number, at))
        for contender in team:
            contender.observe(view)
    for contender in team:
        contender.refresh(at)
    state = SessionState(9999, 9999, at, (5,), {}, frozenset({5}))
    found = team[0]._reading.candidates(state)
    assert [one.signals["total"] for one in found if one.source == "trending"] == [500.0] * 3


def test_what_is_read_between_two_refreshes_is_not_known_yet():
    reading = Reading(1000)
    for number in range(1000):
        reading.observe(LoggedView(1, SessionState(number, number, 1.7e9 + number)))
    reading.refresh(1.7e9 + 1000)
    reading.observe(LoggedView(2, SessionState(5000, 5000, 1.7e9 + 1001)))
    state = SessionState(6000, 6000, 1.7e9 + 1002)
    assert [one.page_id for one in reading.candidates(state)] == [1]
    reading.refresh(1.7e9 + 1003)
    assert [one.page_id for one in reading.candidates(SessionState(6000, 6000, 1.7e9 + 1004))] == [1, 2]


def test_every_source_gives_a_bounded_list_of_what_may_be_shown():
    reading = Reading(1000)
    log = log_of(list(walks(400)))
    for view in log.views():
        reading.observe(view)
    reading.refresh(log.times[-1])
    state = SessionState(9999, 9999, float(log.times[-1]), (3, 6, 12), {}, frozenset({3, 6, 12}))
    found = reading.candidates(state)
    for name in SOURCES:
        mine = [one for one in found if one.source == name]
        assert 0 < len(mine) <= LIMIT
        assert len({one.page_id for one in mine} - state.excluded) == len(mine)
        assert [one.score for one in mine] == sorted((one.score for one in mine), reverse=True)


def test_the_first_reader_of_all_is_shown_nothing_and_nothing_fails():
    for contender in own.teams(100)["own"]():
        contender.refresh(0.0)
        assert list(contender.rank(SessionState(0, 0, 0.0), 5)) == []


def written(days):
    """Pages on two subjects, each dated so many days after a first day."""
    subjects = ("rivers and floods", "bread and ovens")
    first = date(2023, 11, 1).toordinal()
    return Catalogue(
        tuple(
            CataloguePage(str(page), f"Note {page}", text=f"All about {subjects[page % 2]}", day=first + day)
            for page, day in enumerate(days)
        )
    )


def test_with_texts_related_pages_are_proposed_but_none_before_its_day():
    content = content_of(written([0, 0, 0, 0, 0, 0, 300, 0]))
    reading = Reading(1000, content)
    at = 1.7e9  # 14 November 2023
    reading.observe(LoggedView(0, SessionState(0, 0, at)))
    reading.refresh(at)
    found = reading.candidates(SessionState(1, 1, at, (2,), {}, frozenset({2})))
    assert {one.page_id for one in found if one.source == "similar" and one.score > 0} == {0, 4}


def test_a_catalogue_lets_the_source_of_texts_take_part():
    content = content_of(written(range(8)))
    assert "source, similar" in [one.name for one in own.teams(100, lambda: content)["own"]()]
    assert "source, similar" not in [one.name for one in own.teams(100)["own"]()]


def test_few_views_are_better_than_none():
    reading = Reading(10)
    reading.observe(LoggedView(7, SessionState(0, 0, 0.0)))
    reading.refresh(0.0)
    assert [one.page_id for one in reading.candidates(SessionState(1, 1, 0.0))] == [7]


def test_without_times_a_session_is_not_learned_from_with_itself_known():
    """As in the test: nobody has read from 1 to 2 but this reader."""
    reading = Reading(0)
    for number in range(1000):
        reading.observe(LoggedView(5, SessionState(number, number, 0.0)))
    for page, before in ((1, ()), (2, (1,)), (1, (1, 2)), (2, (1, 2, 1))):
        reading.observe(LoggedView(page, SessionState(1000, 1000, 0.0, before, {}, frozenset(before[-1:]))))
    seen = []
    reading._learn = lambda view: seen.append([one.page_id for one in reading.candidates(view.state)])
    reading.refresh(0.0)
    assert seen
    assert all(page == 5 for pages in seen for page in pages)
