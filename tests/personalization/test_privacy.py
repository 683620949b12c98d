"""No small group can be worked out from what is shown, and noise is as large as promised."""

from __future__ import annotations

import itertools
import math
import statistics
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalization import privacy
from personalization.checks import check_installation, check_settings
from personalization.exceptions import NoNoise
from personalization.privacy import Cell, noisy, showable, suppressed

K = 3
SECONDS = 2.0


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[int, frozenset[int]], list[Cell]]:
    """Up to five groups over cells of any size; some visitors are in several cells. Group 0 is everybody."""
    cells = [Cell(members) for members in draw(st.lists(st.frozensets(st.integers(0, 30), max_size=6), max_size=6))]
    every = frozenset(range(len(cells)))
    subsets = st.frozensets(st.sampled_from(sorted(every)) if every else st.nothing())
    others = draw(st.lists(subsets, max_size=4))
    return dict(enumerate([every, *others])), cells


def visitors(cells: list[Cell], chosen: np.ndarray) -> set[object]:
    return set().union(*(cells[i].members for i in np.flatnonzero(chosen)))


@given(tables())
@settings(max_examples=300, deadline=None)
def test_nobody_who_adds_and_subtracts_what_is_shown_learns_of_a_small_group(table):
    groups, cells = table
    shown = showable(groups, cells, K)
    rows = [np.isin(np.arange(len(cells)), list(groups[key])).astype(int) for key in sorted(shown)]
    for signs in itertools.product((-1, 0, 1), repeat=len(rows)):
        learned = sum((sign * row for sign, row in zip(signs, rows, strict=True)), np.zeros(len(cells), int))
        if set(np.unique(learned)) <= {0, 1}:
            assert not suppressed(len(visitors(cells, learned)), K), signs


@given(tables())
def test_a_group_is_held_back_only_where_something_small_is_near(table):
    groups, cells = table
    large = [Cell(frozenset((i, n) for n in range(K))) for i, _ in enumerate(cells)]
    assert showable(groups, large, K) == groups.keys()


def shown_of(cells: dict[str, int], k: int = 10, **groups: str) -> set[str]:
    """`cells` maps a letter to how many visitors it stands for; a group is a string of letters."""
    places = {letter: i for i, letter in enumerate(cells)}
    table = {name: frozenset(places[letter] for letter in letters) for name, letters in groups.items()}
    return set(showable(table, [Cell.of_size(letter, size, k) for letter, size in cells.items()], k))


def test_a_small_group_is_hidden_and_an_empty_one_is_not():
    assert shown_of({"a": 50, "b": 9, "c": 0}, everybody="abc", few="b", none="c") == {"everybody", "none"}
    assert shown_of({"a": 50, "b": 10}, everybody="ab", enough="b") == {"everybody", "enough"}
    assert [suppressed(n, 10) for n in (0, 1, 9, 10)] == [False, True, True, False]


def test_what_is_left_of_everybody_is_not_small():
    assert shown_of({"a": 50, "b": 3}, everybody="ab", most="a") == {"everybody"}


def test_a_partition_does_not_tell_of_its_hidden_part():
    shown = shown_of({"a": 50, "b": 40, "c": 4}, everybody="abc", first="a", second="b", third="c")
    assert shown == {"everybody", "first"}


def test_two_groups_of_which_one_holds_the_other_do_not_tell_of_the_difference():
    shown = shown_of({"a": 50, "b": 4, "c": 90}, everybody="abc", wide="ab", narrow="a")
    assert len(shown & {"wide", "narrow"}) == 1


def test_visitors_of_several_small_cells_are_one_large_group():
    apart = [Cell(frozenset({1, 2})), Cell(frozenset({3, 4}))]
    assert showable({"both": frozenset({0, 1})}, apart, K) == {"both"}
    same = [Cell(frozenset({1, 2})), Cell(frozenset({1, 2}))]
    assert showable({"both": frozenset({0, 1})}, same, K) == frozenset()


def test_fifty_overlapping_segments_are_judged_while_an_editor_waits():
    chance = np.random.default_rng(1)
    belongs = chance.random((1500, 50)) < 0.15
    groups = {"everybody": frozenset(range(1500))} | {i: frozenset(np.flatnonzero(belongs[:, i])) for i in range(50)}
    start = time.perf_counter()
    shown = showable(groups, [Cell.of_size(i, int(n), 10) for i, n in enumerate(chance.geometric(0.3, 1500))], 10)
    assert "everybody" in shown
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize(("epsilon", "contribution"), [(1.0, 20), (0.5, 4), (3.0, 1)])
def test_the_noise_has_the_promised_size_and_no_bias(epsilon, contribution):
    n, ratio = 20_000, math.exp(-epsilon / contribution)
    counts, spent = noisy([10**6] * n, epsilon, contribution)
    noise = [count - 10**6 for count in counts]
    assert spent == pytest.approx(epsilon)
    size = 2 * ratio / (1 - ratio**2)  # the mean of |n| where P(n) ∝ ratio^|n|
    deviation = math.sqrt(2 * ratio) / (1 - ratio)
    assert abs(statistics.fmean(noise)) < 5 * deviation / math.sqrt(n)
    assert statistics.fmean(map(abs, noise)) == pytest.approx(size, abs=5 * deviation / math.sqrt(n))
    assert statistics.pstdev(noise) == pytest.approx(deviation, rel=0.06)


def test_noise_is_drawn_anew_and_never_makes_a_count_negative():
    first, _spent = noisy([0] * 500, 0.1, 5)
    second, _spent = noisy([0] * 500, 0.1, 5)
    assert first != second
    assert min(first + second) == 0
    assert all(isinstance(count, int) for count in first)


def test_no_epsilon_is_no_noise_and_an_error():
    with pytest.raises(ValueError, match="epsilon"):
        noisy([1], 0, 1)


@pytest.mark.parametrize(
    "value",
    [{}, 1.0, {"epsilon": 0}, {"epsilon": "1"}, {"epsilon": 1, "delta": 0}, {"epsilon": 1, "per_visitor": 0.5}],
)
def test_a_wrong_setting_is_named(settings, value):
    settings.WAGTAIL_PERSONALIZATION = {"DIFFERENTIAL_PRIVACY": value}
    assert [error.id for error in check_settings()] == ["personalization.E003"]


def test_right_settings_pass(settings):
    settings.WAGTAIL_PERSONALIZATION = {"DIFFERENTIAL_PRIVACY": {"epsilon": 0.5, "per_visitor": 5}, "K_ANONYMITY": 1}
    assert check_settings() == check_installation() == []


def test_noise_without_its_library_is_an_error_that_names_the_fix(settings, monkeypatch):
    settings.WAGTAIL_PERSONALIZATION = {"DIFFERENTIAL_PRIVACY": {"epsilon": 1.0}}
    monkeypatch.setattr(privacy, "is_available", lambda: False)
    (error,) = check_installation()
    assert error.id == "personalization.E007"
    assert "wagtail-affinity[privacy]" in error.hint
    monkeypatch.setitem(__import__("sys").modules, "opendp.prelude", None)
    with pytest.raises(NoNoise):
        noisy([1], 1.0, 1)
