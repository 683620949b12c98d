"""Laws of features and of the learned ranker. No database."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalization.recommendation.features import FeatureMatrix, matrix
from personalization.recommendation.logistic import LogisticModel
from personalization.types import Candidate

candidate = st.builds(
    Candidate,
    page_id=st.integers(1, 12),
    score=st.integers(0, 500).map(lambda hundredths: hundredths / 100),
    source=st.sampled_from(("covisits", "trending")),
    signals=st.dictionaries(st.sampled_from(("short", "all")), st.integers(0, 50).map(float)),
)
candidates = st.lists(candidate, max_size=30)
NAMES = ("covisits.share", "covisits.z", "trending.short.z", "trending.z")
MODEL = LogisticModel(NAMES, (1.0, 0.5, -0.25, 2.0), (-3.0, 0.0, 0.0, 0.1), (1.0, 2.0, 1.0, 0.5), -1.0)


def scored(found, model=MODEL):
    features = matrix(found)
    return dict(zip(features.page_ids, model.score(features).tolist(), strict=True))


@given(candidates, st.randoms())
def test_the_order_of_candidates_changes_nothing(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    one, other = matrix(found), matrix(shuffled)
    assert (one.page_ids, one.names) == (other.page_ids, other.names)
    assert np.array_equal(one.values, other.values)
    assert scored(found) == scored(shuffled)


@given(candidates)
def test_every_page_has_one_finite_row(found):
    features = matrix(found, {"device=mobile": 1.0})
    assert features.page_ids == tuple(sorted({c.page_id for c in found}))
    assert features.values.shape == (len(features.page_ids), len(features.names))
    assert np.isfinite(features.values).all()


@given(candidates, st.integers(0, 9))
def test_a_source_that_the_model_has_not_learned_changes_nothing(found, score):
    pages = {c.page_id for c in found}
    added = [Candidate(page, score, "new source", signals={"more": 1.0}) for page in pages]
    assert scored([*found, *added]) == pytest.approx(scored(found))


@given(candidates, st.integers(0, 9))
def test_a_source_that_says_the_same_of_every_page_changes_no_order(found, score):
    model = LogisticModel((*NAMES, "same.share", "same.z"), (*MODEL.weights, 3, 3), (*MODEL.means, 0, 0), (1,) * 6)
    same = [Candidate(page, score, "same") for page in {c.page_id for c in found}]
    with_same, without = scored([*found, *same], model), scored(found, model)
    differences = [with_same[page] - without[page] for page in without]
    assert differences == pytest.approx([differences[0]] * len(differences) if differences else [])


def test_shares_are_logarithms_of_a_signals_part_in_the_list():
    features = matrix([Candidate(7, 3.0, "trending"), Candidate(5, 1.0, "trending"), Candidate(6, 2.0, "covisits")])
    assert features.names == ("covisits.share", "covisits.z", "trending.share", "trending.z")
    assert features.page_ids == (5, 6, 7)
    assert features.values[:, 2] == pytest.approx(np.log([0.2501, 0.0001, 0.7501]))
    assert features.values[:, 1] == pytest.approx([-0.7071, 1.4142, -0.7071], abs=1e-4)


def test_context_gives_sources_a_weight_of_their_own():
    found = [Candidate(1, 3.0, "trending", signals={"short": 2.0}), Candidate(2, 1.0, "trending")]
    features = matrix(found, {"referrer=search": 1.0, "device=mobile": 0.0})
    assert [name for name in features.names if "*" in name] == ["referrer=search*trending.share"]


def test_a_missing_feature_counts_as_an_average_one():
    features = FeatureMatrix((1,), ("trending.z",), np.array([[0.6]]))
    assert MODEL.score(features).tolist() == [pytest.approx(2.0 * (0.6 - 0.1) / 0.5 - 1.0)]


def test_a_model_survives_the_database():
    assert LogisticModel.from_json(json.loads(json.dumps(MODEL.to_json()))) == MODEL


def test_no_candidates_have_no_scores():
    assert MODEL.score(matrix([])).shape == (0,)
