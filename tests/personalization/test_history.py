"""Laws of the history of reading: what is added one by one is what is counted anew, and ages as it should."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.recommendation.history import covisits, popularity
from personalization.recommendation.history.counts import PageCounts, PairCounts
from personalization.recommendation.history.covisits import CoVisits
from personalization.recommendation.history.decay import EVER, HOUR, decayed
from personalization.recommendation.history.popularity import Popularity
from personalization.recommendation.history.sessions import Sessions
from personalization.recommendation.history.transitions import PART, Transitions

seconds = st.integers(0, 40 * 24 * 3600).map(float)
views = st.lists(st.tuples(st.integers(1, 6), seconds), max_size=40)
reading = st.lists(st.integers(1, 6), max_size=12)


@given(st.floats(0, 100), st.floats(0, 50), st.floats(0, 50), st.floats(0.5, 100))
def test_decaying_twice_is_decaying_by_the_sum(score, first, second, half_life):
    twice = decayed(decayed(score, first, half_life), second, half_life)
    assert twice == pytest.approx(decayed(score, first + second, half_life))


@given(views, st.randoms())
def test_views_count_alike_in_whatever_order_they_come(found, random):
    now = 50 * 24 * HOUR
    expected = {page: sum(decayed(1.0, now - at, HOUR) for one, at in found if one == page) for page, _ in found}
    shuffled = list(found)
    random.shuffle(shuffled)
    counts = PageCounts([HOUR, EVER])
    for page, at in shuffled:
        counts.add(page, at)
    ids, sums = counts.all(now)
    assert dict(zip(ids.tolist(), sums[:, 0].tolist(), strict=True)) == pytest.approx(expected)
    assert sums[:, 1].sum() == pytest.approx(len(found))


def test_years_of_a_short_half_life_neither_overflow_nor_forget():
    counts, pairs = PageCounts([HOUR]), PairCounts([HOUR], 10)
    for day in range(800):
        counts.add(1, day * 24 * HOUR)
        pairs.add(1, 2, day * 24 * HOUR)
    now = 799 * 24 * HOUR
    assert counts.of([1], now)[0, 0] == pytest.approx(1.0, abs=1e-6)
    assert pairs.of(1, now)[1][0, 0] == pytest.approx(1.0, abs=1e-6)


def test_a_page_never_read_counts_nothing():
    counts = PageCounts([HOUR])
    assert counts.of([7], 0.0).tolist() == [[0.0]]
    counts.add(1, 0.0)
    assert counts.of([7, 1], 0.0).tolist() == [[0.0], [1.0]]


def test_a_big_site_has_room_in_the_counts():
    counts = PageCounts([EVER])
    for page in range(1000):
        counts.add(page, 0.0, page)
    assert counts.of([999, 0], 0.0).tolist() == [[999.0], [0.0]]
    assert counts.totals(0.0)[0] == 999 * 1000 / 2


def test_of_a_page_the_strongest_pairs_are_kept():
    pairs = PairCounts([EVER], 3)
    for other in range(10, 20):
        for _ in range(other):
            pairs.add(1, other, 0.0)
    ids, sums = pairs.of(1, 0.0)
    assert len(ids) <= 6
    assert {17, 18, 19} <= set(ids.tolist())
    assert sums.max() >= 18  # the one that made them too many may be cut at once


@given(st.lists(st.tuples(reading, seconds), max_size=8), reading)
def test_covisits_added_view_by_view_are_those_of_whole_sessions(found, history):
    now, store = 50 * 24 * HOUR, CoVisits()
    pairs: dict[tuple[int, int], float] = {}
    read: dict[int, float] = {}
    for pages, at in found:
        firsts = list(dict.fromkeys(pages))
        for position, page in enumerate(firsts):
            store.add(page, firsts[:position], at)
            read[page] = read.get(page, 0.0) + decayed(1.0, now - at, covisits.HALF_LIFE)
            for earlier, distance in ((firsts[position - d], d) for d in range(1, position + 1)):
                weight = covisits.pair_weight(distance) * decayed(1.0, now - at, covisits.HALF_LIFE)
                pairs[earlier, page] = pairs.get((earlier, page), 0.0) + weight
                pairs[page, earlier] = pairs.get((page, earlier), 0.0) + covisits.BACKWARD * weight
    expected: dict[int, float] = {}
    for steps, page in enumerate(reversed(history[-covisits.REACH :])):
        for (one, other), weight in pairs.items():
            if one == page:
                strength = covisits.score(np.array(weight), read[one], np.array(read[other]))
                expected[other] = expected.get(other, 0.0) + covisits.history_weight(steps) * float(strength)
    ids, scores = store.scores(history, now)
    assert dict(zip(ids.tolist(), scores[:, 0].tolist(), strict=True)) == pytest.approx(expected)


def test_reading_a_page_again_makes_no_pair():
    store = CoVisits()
    store.add(1, [], 0.0)
    store.add(1, [1], 0.0)
    assert store.scores([1], 0.0)[0].tolist() == []


def test_pages_that_everybody_reads_go_with_another_page_less():
    weak, strong = covisits.score(np.array([3.0, 3.0]), 10.0, np.array([1000.0, 10.0]))
    assert weak < strong


def test_the_next_page_is_the_one_that_most_readers_open():
    store = Transitions()
    for next_page in (2, 2, 3, 1):
        store.add(next_page, [1], 0.0)
    ids, shares = store.scores([9, 1], 0.0)
    assert ids.tolist() == [2, 3]
    assert shares[:, 1].tolist() == [pytest.approx(2 / 8), pytest.approx(1 / 8)]
    assert shares[:, 0].tolist() == shares[:, 2].tolist()
    assert store.scores([], 0.0)[0].tolist() == []


def test_a_leap_is_two_steps_long_and_no_way_back():
    store = Transitions()
    for before, page in (([1, 2], 3), ([1, 2], 1), ([9, 1, 5], 3)):
        store.add(page, before, 0.0)
    ids, scores = store.scores([7, 1, 4], 0.0)
    assert ids.tolist() == [3]
    assert scores[0].tolist() == pytest.approx([PART * 2 / 7, 0.0, 0.0, 2 / 7, 0.0])


def test_sessions_like_this_one_say_what_comes_next():
    store = Sessions()
    for name, pages in {"a": [1, 2, 3], "b": [1, 2, 4], "c": [5, 6]}.items():
        for page in pages:
            store.add(name, page, 0.0)
    scores = store.scores([1, 2, 4], 0.0)
    assert scores[3] > 0
    assert 6 not in scores
    assert scores[4] > scores[3]
    assert store.scores([1, 2], 0.0, own="a").get(3) is None


def test_an_old_session_is_less_alike():
    store = Sessions(half_life=HOUR)
    store.add("old", 1, 0.0)
    store.add("old", 2, 0.0)
    store.add("new", 1, 3 * HOUR)
    store.add("new", 3, 3 * HOUR)
    scores = store.scores([1], 3 * HOUR)
    assert scores[2] == pytest.approx(scores[3] / 8)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), max_size=300))
def test_only_so_many_sessions_are_kept(found):
    store = Sessions(most=5, per_page=3)
    for session, page in found:
        store.add(session, page, 0.0)
    assert len(store._sessions) <= 5
    assert all(value > 0 for value in store.scores(list(range(1, 10)), 0.0).values())


@pytest.mark.parametrize("views_per_hour", [0.0, 0.5, 40.0, 12_000.0])
def test_half_lives_hold_enough_views_and_grow(views_per_hour):
    short, middle, long = popularity.half_lives(views_per_hour)
    assert 0.5 * HOUR <= short < middle < long < math.inf
    assert views_per_hour == 0 or short * views_per_hour / HOUR >= 24.9


def test_a_circumstance_with_few_views_says_what_everybody_reads():
    store = Popularity()
    everybody = np.array([0.9, 0.1])
    store.add(2, 0.0, ["referrer=search"])
    share_1, share_2 = _shares(store, everybody)
    assert share_1 > share_2
    for _ in range(500):
        store.add(2, 0.0, ["referrer=search"])
    share_1, share_2 = _shares(store, everybody)
    assert share_2 > share_1
    assert share_1 + share_2 == pytest.approx(1.0)
    assert store.of_class([1], 0.0, "referrer=never seen").tolist() == [0.0]


def _shares(store, everybody):
    views = store.of_class([1, 2], 0.0, "referrer=search")
    return popularity.shrunk_share(views, views.sum(), everybody)
