"""Figures that can be checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.evaluation.bootstrap import bootstrap
from personalization.evaluation.metrics import (
    METRICS,
    coverage,
    gini,
    intra_list_similarity,
    novelty,
    shown,
    top_share,
)

RANKS = np.array([1, 3, 6, 0])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("HR@5", [1, 1, 0, 0]),
        ("HR@10", [1, 1, 1, 0]),
        ("nDCG@5", [1, 0.5, 0, 0]),
        ("nDCG@10", [1, 0.5, 1 / np.log2(7), 0]),
        ("MRR@5", [1, 1 / 3, 0, 0]),
        ("MRR@10", [1, 1 / 3, 1 / 6, 0]),
    ],
)
def test_accuracy(name: str, values: list[float]) -> None:
    assert METRICS[name](RANKS) == pytest.approx(values)


def test_what_lists_do_to_the_catalogue() -> None:
    lists = np.array([[0, 1], [0, 2], [0, -1]])
    exposure = shown(lists, 10)
    assert exposure.tolist() == [3, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert coverage(exposure) == 0.3
    assert top_share(exposure, 0.1) == 0.6
    assert novelty(lists, np.array([4, 2, 2])) == pytest.approx((3 * 1 + 2 * 2) / 5)


def test_gini_is_nothing_where_all_are_alike_and_all_but_one_page_where_one_takes_all() -> None:
    assert gini(np.array([2, 2, 2, 2])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 9])) == pytest.approx(0.75)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_gini_is_the_mean_difference_by_twice_the_mean(counts: list[int]) -> None:
    exposure = np.array(counts)
    wanted = np.abs(exposure[:, None] - exposure).mean() / (2 * exposure.mean()) if exposure.any() else 0
    assert gini(exposure) == pytest.approx(wanted)


def test_similarity_is_the_mean_cosine_of_the_pairs() -> None:
    vectors = np.array([[1, 0], [0, 1], [0.6, 0.8]])
    lists = np.array([[0, 1, 2], [0, -1, -1], [1, 2, -1]])
    assert intra_list_similarity(lists, vectors) == pytest.approx(((0 + 0.6 + 0.8) / 3 + 0.8) / 2)


def test_differences_are_paired() -> None:
    random = np.random.default_rng(0)
    one = random.random(400)
    values = np.stack([one, one * 1.02])[:, None]
    drawn = bootstrap(values, np.arange(400) // 4)
    ratio = drawn.ratio(1, 0, 0)
    assert ratio is not None
    assert (ratio.low, ratio.mean, ratio.high) == pytest.approx((1.02, 1.02, 1.02))
    assert drawn.difference(1, 0, 0).low > 0
    assert drawn.figure(1, 0).low < drawn.figure(0, 0).high  # unpaired they would overlap


def test_readers_with_many_alike_lists_widen_the_interval() -> None:
    random = np.random.default_rng(0)
    values = np.repeat(random.random(50) < 0.5, 20).astype(float)[None, None]
    apart, together = (bootstrap(values, groups).figure(0, 0) for groups in (np.arange(1000), np.arange(1000) // 20))
    assert together.high - together.low > 3 * (apart.high - apart.low)


def test_nothing_hit_has_no_ratio() -> None:
    assert bootstrap(np.zeros((2, 1, 5)), np.arange(5)).ratio(0, 1, 0) is None
