"""Click rates come with intervals that hold what they promise, for visitors who see much or little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.evaluation.rates import ClusterSums, rate


def sums(impressions: np.ndarray, clicks: np.ndarray) -> ClusterSums:
    m, c = impressions.astype(float), clicks.astype(float)
    return ClusterSums(
        len(m), int(m.sum()), int(c.sum()), float((m * m).sum()), float((c * c).sum()), float((m * c).sum())
    )


def test_without_impressions_there_is_no_rate():
    assert rate(sums(np.array([]), np.array([]))) is None


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), min_size=1, max_size=60))
def test_the_interval_holds_the_rate_and_stays_within_0_and_1(visitors):
    m = np.array([seen for seen, _share in visitors])
    c = np.array([round(seen * share) for seen, share in visitors])
    found = rate(sums(m, c))
    assert 0 <= found.low <= found.share + 1e-9
    assert found.share - 1e-9 <= found.high <= 1


@pytest.mark.parametrize("clicked", [0, 1])
def test_where_all_did_the_same_the_rate_is_no_certainty(clicked):
    few, many = (rate(sums(np.ones(n), np.full(n, clicked))) for n in (10, 1000))
    assert few.high - few.low > 0.2
    assert many.high - many.low < 0.01


def test_impressions_of_few_visitors_tell_less_than_those_of_many():
    alike = rate(sums(np.full(20, 50), np.array([50] * 4 + [0] * 16)))
    apart = rate(sums(np.ones(1000), np.array([1] * 200 + [0] * 800)))
    assert alike.share == apart.share == 0.2
    assert alike.high - alike.low > 5 * (apart.high - apart.low)


@pytest.mark.parametrize(("n", "each"), [(60, 1), (60, 20), (400, 5)])
def test_the_interval_holds_the_truth_in_about_95_of_100_samples(n, each):
    chance, held = np.random.default_rng(7), 0
    for _ in range(400):
        tastes = chance.beta(1, 9, size=n)  # visitors differ; on average they click one in ten
        seen = chance.integers(1, 2 * each + 1, size=n)
        found = rate(sums(seen, chance.binomial(seen, tastes)))
        held += found.low <= 0.1 <= found.high
    assert 0.91 <= held / 400 <= 0.99
