"""Estimates of a setting that was never live, on simulated logs of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalization.evaluation.off_policy import Estimate, Logged, doubly_robust, ips, live, snips

PAGES = 5
CTR = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
LIVE = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
NEW = np.array([0.05, 0.05, 0.1, 0.3, 0.5])
TRUTH = float(NEW @ CTR)


def simulated(rows: int, seed: int, expected: np.ndarray | None = None, target: np.ndarray = NEW) -> Logged:
    """Visitors see four rows each; some click more than others."""
    random = np.random.default_rng(seed)
    pages = random.choice(PAGES, rows, p=LIVE)
    visitors = np.arange(rows) // 4
    mood = random.uniform(0.5, 1.5, rows)[visitors]
    clicks = (random.random(rows) < CTR[pages] * mood).astype(float)
    model = CTR if expected is None else expected
    return Logged(clicks, LIVE[pages], target[pages], visitors, model[pages], np.full(rows, model @ target))


ESTIMATORS = {"ips": ips, "snips": snips, "doubly robust": doubly_robust}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_truth_lies_in_nearly_all_intervals(name: str) -> None:
    estimates = [ESTIMATORS[name](simulated(2000, seed)) for seed in range(40)]
    covered = sum(one.value.low <= TRUTH <= one.value.high for one in estimates)
    assert covered >= 34  # 95 % of 40 is 38; fewer than 34 comes once in 500 times
    assert np.mean([one.value.mean for one in estimates]) == pytest.approx(TRUTH, rel=0.05)


def test_the_live_setting_alone_would_mislead() -> None:
    logged = simulated(4000, 0)
    assert live(logged).value.high < TRUTH / 2 < snips(logged).value.low


def test_a_good_model_calms_the_estimate() -> None:
    def spread(estimate: Estimate) -> float:
        return estimate.value.high - estimate.value.low

    plain, helped = (
        np.mean([spread(one(simulated(2000, seed))) for seed in range(10)]) for one in (ips, doubly_robust)
    )
    assert helped < plain


def test_a_wrong_model_is_put_right_by_the_probabilities() -> None:
    wrong = np.full(PAGES, 0.9)
    means = [doubly_robust(simulated(2000, seed, wrong)).value.mean for seed in range(40)]
    assert np.mean(means) == pytest.approx(TRUTH, rel=0.08)


@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_the_live_setting_s_own_estimate_is_what_it_earned(seed: int) -> None:
    logged = simulated(400, seed, target=LIVE)
    earned = live(logged).value
    for estimate in (ips(logged), snips(logged)):
        assert estimate.value == earned
        assert estimate.overlap == 1
        assert estimate.effective_rows == pytest.approx(400)


def test_snips_stays_among_the_rewards_where_ips_does_not() -> None:
    logged = Logged(np.array([1.0, 0.0, 1.0]), np.array([0.01, 1.0, 1.0]), np.ones(3), np.arange(3))
    assert ips(logged).value.mean > 1
    assert snips(logged).value.high <= 1


def test_clipping_bounds_what_one_row_can_do() -> None:
    logged = Logged(np.array([1.0, 0.0, 0.0]), np.array([0.001, 1.0, 1.0]), np.ones(3), np.arange(3))
    assert ips(logged, clip=10).value.mean == pytest.approx(10 / 3)


def test_too_little_overlap_is_called_a_guess() -> None:
    assert snips(simulated(60, 0)).is_guess
    assert not snips(simulated(4000, 0)).is_guess


def test_a_setting_of_which_nothing_was_shown_is_a_guess_and_no_error() -> None:
    estimate = snips(Logged(np.ones(5), np.ones(5), np.zeros(5), np.arange(5)))
    assert (estimate.value.mean, estimate.effective_rows, estimate.is_guess) == (0.0, 0.0, True)


@pytest.mark.parametrize(
    ("logging", "target", "words"),
    [([0.0, 0.5], [1, 1], "above 0"), ([0.5, 1.2], [1, 1], "at most 1"), ([0.5, 0.5], [1, -0.1], "between 0 and 1")],
)
def test_impossible_probabilities_are_refused(logging: list[float], target: list[float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Logged(np.ones(2), np.array(logging), np.array(target, dtype=float), np.arange(2))


def test_doubly_robust_without_a_model_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="expected_target"):
        doubly_robust(Logged(np.ones(2), np.ones(2), np.ones(2), np.arange(2)))
