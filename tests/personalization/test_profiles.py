"""The laws of folding, and what it makes of reading, liking and disliking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.profiles import FoldSettings, Reading, Tally, fold, merge, profile_state, weights, with_vectors

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SETTINGS = FoldSettings(half_life=timedelta(days=14), recent_pages=5)
KINDS = ["impression", "view", "click", "scroll", "dwell", "feedback"]


def unit(*numbers):
    vector = np.array(numbers, dtype=np.float32)
    return vector / np.linalg.norm(vector)


EAST, NORTH, WEST = unit(1, 0), unit(0, 1), unit(-1, 0)

vectors = st.tuples(st.floats(-1, 1), st.floats(0.1, 1)).map(lambda pair: unit(*pair))
readings = st.builds(
    Reading,
    page_id=st.integers(1, 9),
    kind=st.sampled_from(KINDS),
    at=st.integers(0, 60 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    value=st.one_of(st.none(), st.floats(-1, 500)),
    vector=st.one_of(st.none(), vectors),
    topics=st.dictionaries(st.integers(1, 4), st.floats(0, 1), max_size=3),
    entities=st.dictionaries(st.integers(1, 4), st.floats(0, 1), max_size=3),
    sections=st.lists(st.integers(1, 3), unique=True, max_size=2),
    device=st.sampled_from(["", "mobile", "desktop"]),
)
logs = st.lists(readings, min_size=1, max_size=12)


def assert_same(one: Tally, other: Tally):
    def close(left, right):
        return np.testing.assert_allclose(left, right, rtol=1e-6, atol=1e-7)

    assert (one.vector_sum is None) == (other.vector_sum is None)
    if one.vector_sum is not None:
        close(one.vector_sum, other.vector_sum)
    assert (one.shown_sum is None) == (other.shown_sum is None)
    if one.shown_sum is not None:
        close(one.shown_sum, other.shown_sum)
    for name in ("mass", "read", "attention", "shown"):
        close(getattr(one, name), getattr(other, name))
    for name in ("topic_sums", "entity_sums", "section_sums", "device_sums", "hour_sums"):
        left, right = getattr(one, name), getattr(other, name)
        for key in set(left) | set(right):
            close(left.get(key, 0.0), right.get(key, 0.0))
    for name in ("views", "first_seen", "last_seen", "as_of", "recent"):
        assert getattr(one, name) == getattr(other, name)


def read(*events: Reading, start: Tally | None = None):
    return fold(start or Tally(), events, SETTINGS)


def state_of(tally: Tally):
    return profile_state(tally, SETTINGS.half_life)


def view(page_id, vector, at=NOON, kind="view", value=None, topics=None, **about):
    return Reading(page_id, kind, at, value, vector, topics or {}, **about)


@given(logs, st.data())
def test_incremental_equals_batch(log, data):
    log = sorted(log, key=lambda reading: reading.at)
    cut = data.draw(st.integers(0, len(log)))
    in_pieces = fold(fold(Tally(), log[:cut], SETTINGS), log[cut:], SETTINGS)
    at_once = fold(Tally(), log, SETTINGS)
    assert_same(in_pieces, at_once)
    assert in_pieces.visits == at_once.visits


@given(logs, st.randoms(use_true_random=False))
def test_order_of_arrival_does_not_matter(log, random):
    shuffled = list(log)
    random.shuffle(shuffled)
    one_by_one = Tally()
    for reading in shuffled:
        one_by_one = fold(one_by_one, [reading], SETTINGS)
    assert_same(one_by_one, fold(Tally(), log, SETTINGS))


@given(logs, logs)
def test_merged_is_as_if_all_had_been_one_visitors(one, other):
    merged = merge(read(*one), read(*other), SETTINGS)
    assert_same(merged, read(*one, *other))
    assert_same(merged, merge(read(*other), read(*one), SETTINGS))


@given(logs, logs)
def test_who_is_merged_goes_on_as_if_there_had_been_one(log, later):
    late = [replace(reading, at=reading.at + timedelta(days=100)) for reading in later]
    merged = merge(read(*log[::2]), read(*log[1::2]), SETTINGS)
    assert_same(read(*late, start=merged), read(*late, start=read(*log)))


@given(logs)
def test_nobody_adds_nothing(log):
    assert_same(merge(read(*log), Tally(), SETTINGS), read(*log))
    assert_same(merge(Tally(), read(*log), SETTINGS), read(*log))


def test_visits_of_two_visitors_add_up():
    morning, evening = view(1, EAST), view(2, NORTH, at=NOON + timedelta(hours=8))
    merged = merge(read(morning), read(evening), SETTINGS)
    assert merged.visits == read(morning, evening).visits == 2
    assert merged.returns == pytest.approx(read(morning, evening).returns)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_decay_composes(first, second):
    start = read(view(1, EAST, topics={1: 0.5}))
    silent = [Reading(2, "impression", NOON + timedelta(hours=hours)) for hours in (first, first + second)]
    assert_same(read(silent[1], start=read(silent[0], start=start)), read(silent[1], start=start))


@given(logs)
def test_a_profile_vector_is_a_unit_vector_or_none(log):
    state = state_of(fold(Tally(), log, SETTINGS))
    if state.vector is not None:
        assert np.linalg.norm(state.vector) == pytest.approx(1.0, abs=1e-5)


@given(logs)
def test_topic_weights_are_shares(log):
    found = state_of(fold(Tally(), log, SETTINGS)).topics
    assert all(0 < weight < 1 for weight in found.values())
    assert sum(found.values()) < 1


@given(logs, vectors)
def test_negative_feedback_moves_away(log, vector):
    before = fold(Tally(), [*log, view(1, EAST)], SETTINGS)
    after = fold(before, [view(9, vector, before.as_of, "feedback", -1.0)], SETTINGS)
    assert after.vector_sum @ vector < before.vector_sum @ vector


def test_a_reading_counts_half_after_one_half_life():
    later = NOON + SETTINGS.half_life
    tally = read(view(1, EAST), view(2, NORTH, later))
    np.testing.assert_allclose(tally.vector_sum, [0.5, 1.0])
    assert tally.mass == pytest.approx(1.5)


def test_likes_and_dislikes_that_cancel_leave_no_vector():
    assert state_of(read(view(1, EAST), view(2, WEST))).vector is None


def test_dislike_alone_is_no_interest_in_the_opposite():
    state = state_of(read(view(1, EAST, topics={1: 1.0}), view(1, EAST, kind="feedback", value=-1, topics={1: 1.0})))
    assert state.vector is None
    assert state.topics == {}


def test_an_impression_says_nothing():
    tally = read(view(1, EAST, kind="impression", topics={1: 1.0}))
    assert (tally.mass, tally.views, tally.recent) == (0.0, 0, ())
    assert state_of(tally).topics == {}


def test_reading_on_weighs_more_than_looking_in():
    looked = read(view(1, EAST), view(2, NORTH))
    stayed = read(view(1, EAST), view(2, NORTH), view(2, NORTH, kind="dwell", value=120.0))
    assert state_of(stayed).vector @ NORTH > state_of(looked).vector @ NORTH


def test_three_pages_on_a_topic_make_it_the_strongest():
    pages = [view(n, EAST, NOON + timedelta(minutes=n), topics={1: 0.8, 2: 0.2}) for n in range(3)]
    found = state_of(read(view(9, NORTH, topics={3: 0.9}), *pages)).topics
    assert max(found, key=found.get) == 1
    assert found[1] > 0.4


def test_many_topics_on_a_page_share_its_weight():
    one = weights(read(view(1, EAST, topics={1: 1.0})).topic_sums)
    four = weights(read(view(1, EAST, topics={1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0})).topic_sums)
    assert sum(four.values()) == pytest.approx(sum(one.values()))


def test_a_pause_starts_a_new_visit():
    def at(minutes):
        return view(1, EAST, NOON + timedelta(minutes=minutes))

    assert read(at(0), at(20), at(45)).visits == 1
    assert read(at(0), at(31)).visits == 2
    assert read(at(10), start=read(at(0), at(31))).visits == 2


def test_recent_pages_are_newest_first_once_and_bounded():
    views = [view(n % 7, EAST, NOON + timedelta(minutes=n)) for n in range(14)]
    assert [page.page_id for page in read(*views).recent] == [6, 5, 4, 3, 2]


def test_a_change_of_model_keeps_what_was_read():
    tally = read(view(1, EAST), view(2, EAST))
    anew = with_vectors(tally, {1: NORTH}, SETTINGS.half_life)
    np.testing.assert_allclose(anew.vector_sum, NORTH)
    assert (anew.views, anew.mass) == (2, 2.0)


@given(logs)
def test_habits_are_shares_of_what_was_read(log):
    state = state_of(fold(Tally(), log, SETTINGS))
    for shares in (state.devices, state.hours):
        assert not shares or sum(shares.values()) == pytest.approx(1.0)
    assert 0 <= state.engagement <= 1
    assert state.frequency >= 0


def test_sections_count_the_pages_read_below_them():
    pages = [
        view(1, EAST, sections=(10,)),
        view(2, EAST, sections=(10, 11)),
        view(3, EAST, kind="click", sections=(11,)),
    ]
    assert state_of(read(*pages)).sections == {10: 2.0, 11: 1.0}


def test_reading_to_the_end_is_engagement_and_looking_in_is_not():
    looked = read(view(1, EAST), view(2, EAST))
    assert state_of(looked).engagement == 0.0
    stayed = read(view(1, EAST, kind="dwell", value=300.0), view(2, EAST, kind="dwell", value=45.0), start=looked)
    assert state_of(stayed).engagement == pytest.approx(0.75)


def test_a_daily_reader_comes_seven_times_a_week():
    daily = [view(day, EAST, NOON + timedelta(days=day)) for day in range(200)]
    assert state_of(read(*daily)).frequency == pytest.approx(7, abs=0.3)


def test_a_disliked_entity_is_no_interest():
    liked = view(1, EAST, entities={5: 0.9, 6: 0.5})
    disliked = view(2, NORTH, kind="feedback", value=-1, entities={6: 0.5})
    assert set(state_of(read(liked, disliked)).entities) == {5}


def test_a_profile_stays_small_however_much_is_read():
    pages = [view(n, EAST, entities={n: 1.0}) for n in range(1000)]
    assert len(read(*pages).entity_sums) == 300


def test_what_was_shown_and_not_clicked_is_kept_apart_from_interests():
    shown = [view(page, vector, kind="impression") for page, vector in ((1, EAST), (2, EAST), (3, NORTH))]
    tally = read(view(9, WEST), *shown, view(3, NORTH, kind="click"))
    state = state_of(tally)
    np.testing.assert_allclose(state.shown_vector, EAST, atol=1e-6)
    assert state.shown == pytest.approx(2.0)
    assert state.vector @ WEST > state.vector @ EAST
    assert state_of(read(view(3, NORTH, kind="click"))).shown_vector is None


def test_being_shown_something_is_no_visit():
    tally = read(view(1, EAST, kind="impression"))
    assert (tally.visits, tally.views, tally.last_seen, tally.recent) == (0, 0, None, ())
    assert state_of(tally).vector is None
