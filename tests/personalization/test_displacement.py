"""What a rule costs in clicks. No database."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.evaluation.displacement import PRIOR, Moved, Seen, cost_of

SPOT = ("sidebar", 1)
NOTHING = Seen()
EVERYTHING = {SPOT: Seen(2000, 200), ("sidebar", 2): Seen(2000, 100)}


def moved(since: Seen, before: Seen = NOTHING, spot: tuple[str, int] = SPOT) -> Moved:
    return Moved({spot: before}, {spot: since}, 30.0, 30.0)


def everything_with(*seen: Seen) -> dict[tuple[str, int], Seen]:
    return {**EVERYTHING, SPOT: sum(seen, EVERYTHING[SPOT])}


def test_a_pin_that_is_clicked_as_others_are_costs_nothing() -> None:
    seen = Seen(1000, 100)
    cost = cost_of(moved(seen), everything_with(seen))
    assert cost.clicks == pytest.approx(0.0)
    assert cost.low < 0.0 < cost.high


def test_a_pin_that_nobody_clicks_costs_what_others_would_have_got() -> None:
    seen = Seen(1000, 0)
    cost = cost_of(moved(seen), everything_with(seen))
    assert cost.clicks == pytest.approx(100 * (1 - PRIOR / (100 + PRIOR)))


def test_to_exclude_what_is_clicked_twice_as_often_costs_those_clicks() -> None:
    before = Seen(1000, 200)
    cost = cost_of(moved(Seen(), before), everything_with(before))
    assert cost.clicks == pytest.approx(100 * (205 / 105 - 1))
    assert 0 < cost.low < cost.clicks < cost.high


@given(st.integers(200, 5000), st.integers(0, 100), st.integers(1, 100))
def test_the_more_a_pin_is_clicked_the_less_it_costs(impressions: int, clicks: int, more: int) -> None:
    costs = [
        cost_of(moved(seen), everything_with(seen)).clicks
        for seen in (Seen(impressions, clicks), Seen(impressions, clicks + more))
    ]
    assert costs[1] < costs[0]


def test_a_place_that_only_the_pin_had_is_worth_what_the_nearest_is() -> None:
    seen = Seen(1000, 0)
    cost = cost_of(moved(seen), {SPOT: seen, ("sidebar", 2): Seen(2000, 100)})
    assert cost.clicks == pytest.approx(50 * (1 - PRIOR / (50 + PRIOR)))


def test_of_too_little_nothing_is_said() -> None:
    assert cost_of(moved(Seen(1000, 10), spot=("home", 1)), EVERYTHING) is None
    assert cost_of(moved(Seen()), EVERYTHING) is None
    assert cost_of(moved(Seen(50, 5)), {SPOT: Seen(99, 5)}) is None
