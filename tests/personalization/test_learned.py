"""Learned segments, the pure part: crowds are found, keep their identity, and are served from plain numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score, roc_auc_score
from sklearn.mixture import GaussianMixture

from personalization.segmentation.learned import (
    ClusterModel,
    GoalModel,
    Mixture,
    area_under_curve,
    distinctive_topics,
    evaluate_goal,
    features,
    find_clusters,
    fit_doubt,
    fit_projection,
    from_json,
    labels,
    likelihood,
    match_clusters,
    matrix,
    overlaps,
    predict_one,
    probabilities,
    project,
    propose_names,
    spec_for,
    temperature_of,
    to_json,
    topic_likeness,
    train_goal,
)
from personalization.types import ProfileState

METHODS = ["kmeans", "gmm", "hdbscan"]
MODEL = "tiny@test"


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def crowds(n: int, seed: int = 0, k: int = 3, spread: float = 0.12) -> tuple[list[ProfileState], np.ndarray]:
    """Visitors of `k` crowds, each with a direction and a topic of its own, and which crowd each is of."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    profiles = [
        ProfileState(
            vector=unit(np.eye(8)[crowd] + spread * rng.standard_normal(8)),
            vector_model=MODEL,
            topics={int(crowd) + 1: float(rng.uniform(0.4, 0.8)), 9: float(rng.uniform(0, 0.1))},
            devices={"mobile": 1.0},
            hours={int(rng.integers(0, 24)): 1.0},
            engagement=float(rng.uniform()),
            frequency=float(rng.exponential()),
            views=int(rng.integers(2, 40)),
            visits=2,
            mass=2.0,
        )
        for crowd in truth
    ]
    return profiles, truth


def fit(profiles, method="kmeans", seed=0, **limits):
    spec = spec_for(profiles, MODEL)
    rows = matrix(profiles, spec)
    projection = fit_projection(rows)
    points = project(projection, rows)
    found = find_clusters(points, method, **{"least": 2, "most": 6, "smallest": 10, "seed": seed} | limits)
    return found and (ClusterModel(spec, projection, found.mixture), found, points)


@pytest.mark.parametrize("method", METHODS)
def test_planted_crowds_are_found(method):
    profiles, truth = crowds(400)
    model, found, points = fit(profiles, method)
    assert model.mixture.size == 3
    assert found.silhouette > 0.5
    assert adjusted_rand_score(truth, labels(model.mixture, points)) > 0.8


@pytest.mark.parametrize("method", METHODS)
def test_the_same_visitors_and_seed_give_the_same_model(method):
    profiles, _truth = crowds(200)
    one, other = (fit(profiles, method, seed=3)[0] for _ in range(2))
    assert json.dumps(to_json(one)) == json.dumps(to_json(other))


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_probabilities_of_whomever_sum_to_at_most_one(method, data):
    model = _fitted(method)
    vector = st.lists(st.floats(-1, 1), min_size=8, max_size=8).map(np.array).filter(lambda v: np.linalg.norm(v) > 0.01)
    profile = ProfileState(
        vector=data.draw(st.none() | vector.map(unit)),
        vector_model=data.draw(st.sampled_from([MODEL, "other@test", ""])),
        topics=data.draw(st.dictionaries(st.integers(1, 12), st.floats(0, 0.1), max_size=10)),
        hours=data.draw(st.dictionaries(st.integers(0, 23), st.floats(0, 1), max_size=5)),
        engagement=data.draw(st.floats(0, 1)),
        frequency=data.draw(st.floats(0, 1e6)),
        views=data.draw(st.integers(0, 10**9)),
    )
    assert np.isfinite(features(profile, model.spec)).all()
    found = predict_one(model, profile)
    assert all(0 <= chance <= 1 for chance in found)
    assert sum(found) <= 1 + 1e-9
    if found and method != "hdbscan":
        assert sum(found) == pytest.approx(1)


_models: dict[str, ClusterModel] = {}


def _fitted(method):
    if method not in _models:
        _models[method] = fit(crowds(200)[0], method)[0]
    return _models[method]


def test_a_mixture_is_served_as_scikit_learn_would():
    points = np.random.default_rng(1).standard_normal((300, 3)) * [1, 2, 0.5] + np.repeat([[0], [4], [8]], 100, axis=0)
    found = find_clusters(points, "gmm", least=3, most=3, smallest=10, seed=5)
    theirs = GaussianMixture(3, covariance_type="diag", n_init=2, reg_covar=1e-6, random_state=5).fit(points)
    np.testing.assert_allclose(probabilities(found.mixture, points), theirs.predict_proba(points), atol=1e-8)


def test_a_visitor_far_from_every_dense_crowd_is_nobodys():
    model = _fitted("hdbscan")
    stranger = ProfileState(vector=unit(-np.ones(8)), vector_model=MODEL, topics={9: 0.5})
    assert sum(predict_one(model, stranger)) == 0


def test_a_visitor_of_whom_nothing_is_known_gets_no_cluster():
    model = _fitted("kmeans")
    assert predict_one(model, ProfileState()) == []
    other_space = ProfileState(vector=unit(np.ones(8)), vector_model="other@test")
    assert predict_one(model, other_space) == []


def test_two_events_are_enough_for_the_nearest_cluster():
    profiles, truth = crowds(200)
    model = fit(profiles)[0]
    newcomer = ProfileState(vector=unit(np.eye(8)[1]), vector_model=MODEL, topics={2: 0.67}, views=2, visits=1)
    found = predict_one(model, newcomer)
    fellow = predict_one(model, profiles[int(np.flatnonzero(truth == 1)[0])])
    assert int(np.argmax(found)) == int(np.argmax(fellow))
    assert max(found) > 0.9


def test_a_newcomer_is_told_a_cluster_with_as_much_doubt_as_is_due():
    rng = np.random.default_rng(6)
    mixture = Mixture(np.full(2, 0.5), np.array([[-1.0], [1.0]]), np.full((2, 1), 0.05), np.full(2, np.inf))
    truth = rng.integers(0, 2, 2000)
    early = (2.0 * truth - 1 + rng.standard_normal(2000)).reshape(-1, 1)
    doubt = fit_doubt(mixture, early, truth)
    assert doubt > 5
    mixture = replace(mixture, doubt=doubt)
    sure = probabilities(mixture, early, temperature_of(mixture, 2)).max(axis=1)
    right = (labels(mixture, early) == truth).mean()
    assert sure.mean() == pytest.approx(right, abs=0.04)
    assert probabilities(mixture, early).max(axis=1).mean() > 0.97
    doubts = [temperature_of(mixture, views) for views in (0, 1, 2, 4, 100)]
    assert doubts[0] == doubts[1] == doubts[2] == doubt > doubts[3] > doubts[4] > 1


def test_a_stored_model_answers_as_the_fitted_one_did():
    profiles, _truth = crowds(150)
    rows = matrix(profiles, spec_for(profiles, MODEL))
    reached = np.arange(150) % 3 == 0
    models = [fit(profiles, method)[0] for method in METHODS]
    models += [GoalModel(models[0].spec, train_goal(kind, rows, reached, 0)) for kind in ("logistic", "boosting")]
    for model in models:
        stored = from_json(json.loads(json.dumps(to_json(model), allow_nan=False)))
        np.testing.assert_allclose(stored.predict(rows, 3), model.predict(rows, 3), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_visitors_who_are_all_alike_form_no_crowds(method):
    profiles = crowds(1)[0] * 300
    with np.errstate(all="raise"):
        assert fit(profiles, method) is None


@pytest.mark.parametrize("method", METHODS)
def test_two_kinds_of_visitors_are_two_crowds_not_eight(method):
    one, other = crowds(2, seed=8)[0]
    found = fit([one] * 100 + [other] * 60, method)
    if method == "hdbscan" and found is None:
        return  # no density to speak of between identical points
    assert found[0].mixture.size == 2
    assert np.isfinite(json.loads(json.dumps(to_json(found[0])["mixture"]["means"]))).all()


def test_no_crowd_is_smaller_than_asked_for():
    big, _ = crowds(300, k=2)
    odd = crowds(5, seed=3)[0]
    few = [ProfileState(vector=unit(-np.eye(8)[5]), vector_model=MODEL, topics={12: 0.9}) for _ in odd]
    _model, found, _points = fit(big + few)
    assert min(np.bincount(found.labels)) >= 10


def test_without_vectors_topics_are_enough():
    profiles, truth = crowds(200)
    bare = [ProfileState(topics=profile.topics, views=2) for profile in profiles]
    spec = spec_for(bare, "")
    projection = fit_projection(matrix(bare, spec))
    points = project(projection, matrix(bare, spec))
    found = find_clusters(points, "kmeans", least=2, most=6, smallest=10, seed=0)
    assert adjusted_rand_score(truth, found.labels) > 0.8


@given(st.integers(1, 6), st.randoms(use_true_random=False))
@settings(max_examples=50, deadline=None)
def test_relabelled_clusters_are_recognised(k, random):
    old = np.array([random.randrange(k) for _ in range(40)] + list(range(k)))
    order = list(range(k))
    random.shuffle(order)
    new = np.array([order[label] for label in old])
    assert match_clusters(overlaps(old, new, k, k)) == {order[i]: i for i in range(k)}
    topics = [{i: 0.5, 99: 0.1} for i in range(k)]
    assert match_clusters(topic_likeness(topics, [topics[order.index(j)] for j in range(k)])) == {
        order[i]: i for i in range(k)
    }


def test_a_crowd_that_split_lives_on_in_its_larger_part():
    old, new = np.repeat([0, 1], [100, 50]), np.repeat([2, 0, 1], [60, 40, 50])
    assert match_clusters(overlaps(old, new, 2, 3)) == {2: 0, 1: 1}


def test_another_crowd_gets_no_old_identity():
    old, new = np.repeat([0, 1], [50, 50]), np.tile(np.arange(10), 10)
    assert match_clusters(overlaps(old, new, 2, 10)) == {}


def test_names_are_the_topics_that_set_a_crowd_apart():
    everybody = {1: 0.3, 2: 0.1, 3: 0.1}
    assert distinctive_topics({1: 0.3, 2: 0.4, 3: 0.2}, everybody) == [2, 3]
    assert distinctive_topics({}, everybody) == []
    names = propose_names([["Mobility", "Climate", "Food"], ["Mobility", "Climate", "Cities"], [], []], "Visitors")
    assert names == ["Mobility · Climate", "Mobility · Climate · Cities", "Visitors", "Visitors 2"]


def test_boosted_trees_are_served_as_scikit_learn_would(monkeypatch):
    from sklearn.ensemble import GradientBoostingClassifier

    kept = []
    original = GradientBoostingClassifier.fit
    monkeypatch.setattr(
        GradientBoostingClassifier, "fit", lambda self, *given: kept.append(self) or original(self, *given)
    )
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((400, 5))
    reached = rows[:, 0] + 0.5 * rng.standard_normal(400) > 0.8
    model = train_goal("boosting", rows, reached, 0)
    np.testing.assert_allclose(likelihood(model, rows), kept[0].predict_proba(rows)[:, 1], rtol=1e-9)


@pytest.mark.parametrize("method", ["logistic", "boosting"])
def test_who_reaches_a_goal_is_told_from_what_they_read(method):
    rng = np.random.default_rng(2)
    rows = rng.standard_normal((1200, 20))
    reached = rng.uniform(size=1200) < 1 / (1 + np.exp(-(2 * rows[:, 0] - 2)))
    model = train_goal(method, rows[:800], reached[:800], 0)
    found = evaluate_goal(model, rows[800:], reached[800:], 0)
    assert found.low < found.auc < found.high
    assert found.low > 0.65
    noise = evaluate_goal(model, rng.standard_normal((400, 20)), reached[800:], 0)
    assert noise.low < 0.5 < noise.high
    assert evaluate_goal(model, rows[:5], np.zeros(5, dtype=bool), 0) is None


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=60))
def test_the_area_under_the_curve_is_the_usual_one(pairs):
    reached, scores = np.array([one for one, _ in pairs]), np.array([two for _, two in pairs], dtype=float)
    if reached.all() or not reached.any():
        return
    assert area_under_curve(reached, scores) == pytest.approx(roc_auc_score(reached, scores))
