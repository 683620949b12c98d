"""What another setting of a placement would have earned, on simulated logs of which the truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from personalization.evaluation import what_if as module
from personalization.evaluation.counterfactual import Asked, Table, as_logged
from personalization.evaluation.expectations import Expectations
from personalization.evaluation.trials import worth_of_trials
from personalization.evaluation.what_if import WhatIf, what_if
from personalization.recommendation.held_out import Scorer
from personalization.recommendation.logged import LoggedSlate
from personalization.recommendation.tuning import blended
from tests.personalization.explored_log import World
from tests.personalization.ranked_log import SEEN_AT, liking

RUNS = 8
ESTIMATORS = ("ips", "snips", "doubly_robust")


def blend(slate: LoggedSlate) -> np.ndarray:
    return slate.blend


def by_similar(slate: LoggedSlate) -> np.ndarray:
    return blended(slate, {"similar": 1.0})


def asked(slates: list[LoggedSlate], order: Scorer, exploration: float | None = None) -> WhatIf:
    expected = Expectations.crossed(slates)
    scorers = [blend] if order is as_logged else [blend, order]
    return what_if(slates, Asked(order, expected, expected.of_new, exploration), scorers)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESAMPLES", 120)


def runs(world: World, order: Scorer, exploration: float | None = None) -> list[WhatIf]:
    return [asked(world.serve(1200, seed), order, exploration) for seed in range(RUNS)]


def covered(found: list[WhatIf], name: str, truth: float) -> int:
    figures = [getattr(one, name) for one in found]
    return sum(figure.low <= truth <= figure.high for figure in figures)


def mean(found: list[WhatIf], name: str) -> float:
    return float(np.mean([getattr(one, name).mean for one in found]))


class TestTruth:
    """Of 8 intervals of 95 %, fewer than 6 hold the truth once in 170 times."""

    def test_less_exploration_of_unloved_pages_is_worth_what_it_is(self) -> None:
        world = World(liking(similar=0.8), new=0.01, exploration=0.4)
        occasions = world.serve(3000, 1000)
        truth, now = world.truth(occasions, blend, 0.05), world.truth(occasions, blend)
        found = runs(world, as_logged, 0.05)
        for name in ESTIMATORS:
            assert covered(found, name, truth) >= 6
            assert mean(found, name) == pytest.approx(truth, rel=0.05)
        assert covered(found, "gain", truth - now) >= 6
        assert all(one.overlap == pytest.approx(1.0, abs=0.03) for one in found)
        assert not any(one.is_guess for one in found)

    def test_a_better_order_of_the_same_pages_is_worth_what_it_is(self) -> None:
        world = World(liking(similar=1.2), pages=4, exploration=0.0)
        occasions = world.serve(3000, 1000)
        truth, now = world.truth(occasions, by_similar), world.truth(occasions, blend)
        found = runs(world, by_similar)
        for name in ESTIMATORS:
            assert covered(found, name, truth) >= 6
            assert mean(found, name) == pytest.approx(truth, rel=0.06)
        assert covered(found, "gain", truth - now) >= 6
        assert mean(found, "gain") > 0.5 * (truth - now)

    def test_of_pages_that_were_never_shown_a_model_knows_most(self) -> None:
        world = World(liking(similar=1.2), pages=8)
        truth = world.truth(world.serve(3000, 1000), by_similar)
        found = runs(world, by_similar)
        assert mean(found, "ips") < 0.9 * truth
        assert mean(found, "snips") > 1.05 * truth
        assert mean(found, "doubly_robust") == pytest.approx(truth, rel=0.08)
        assert all(0.5 < one.overlap < 0.9 for one in found)

    def test_what_stays_as_it_is_earns_what_it_earned(self) -> None:
        found = asked(World(liking(similar=0.8)).serve(600), as_logged)
        for name in ESTIMATORS[:2]:
            assert getattr(found, name).mean == pytest.approx(found.now.mean, rel=0.01)
        assert found.gain.low <= 0 <= found.gain.high
        assert abs(found.gain.mean) < 0.002

    def test_how_often_places_are_looked_at_is_found(self) -> None:
        found = asked(World(liking(similar=0.8)).serve(3000), as_logged)
        assert found.looked_at == pytest.approx(SEEN_AT, abs=0.12)


def test_an_order_of_which_hardly_anything_was_shown_is_a_guess() -> None:
    found = asked(World(liking(), pages=24).serve(600), lambda slate: -slate.blend)
    assert found.overlap < 0.2
    assert found.is_guess


def test_a_page_that_chance_put_there_is_no_page_of_the_setting() -> None:
    slates = [slate for slate in World(liking(), exploration=0.5).serve(60) if slate.trial]
    table = Table.of(slates, Asked(as_logged, lambda slate: np.zeros((len(slate.signals.page_ids), 1)), 0.0, 0.0))
    tried = np.isclose(table.chances, 0.5 / 3)
    assert tried.sum() == len(slates)
    assert not table.aims[tried].any()
    assert (table.aims[~tried] == 1.0).all()


def test_a_new_page_that_a_source_knows_counts_once() -> None:
    known = World(liking(), exploration=0.5).serve(1)[0]
    while known.trial is None:
        known = World(liking(), exploration=1.0).serve(1)[0]
    last = len(known.signals.page_ids) - 1
    order = [*range(known.shown), last, *range(known.shown, last)]
    moved = replace(
        known,
        signals=known.signals.only([known.signals.page_ids[row] for row in order]),
        blend=known.blend[order],
        places=np.append(known.places, known.trial.place),
        seen=np.append(known.seen, True),
        clicked=np.append(known.clicked, False),
        propensities=np.append(known.propensities, known.trial.propensity),
        trial=replace(known.trial, row=known.shown),
    )
    table = Table.of([moved], Asked(as_logged, lambda slate: np.zeros((len(slate.signals.page_ids), 1))))
    assert len(table.rewards) == 4
    assert sorted(table.places.tolist()) == [0, 1, 2, 3]


@pytest.mark.parametrize(("new", "is_better"), [(0.6, True), (0.01, False)])
def test_what_new_pages_bring_or_cost_is_found(new: float, is_better: bool) -> None:
    figure = worth_of_trials(World(liking(similar=0.5), new=new).serve(3000))
    assert figure is not None
    assert figure.low > 0 if is_better else figure.high < 0


def test_of_few_new_pages_nothing_is_said() -> None:
    assert worth_of_trials(World(liking(), exploration=0.0).serve(500)) is None
    assert worth_of_trials(World(liking(), exploration=0.05).serve(500)) is None


def test_no_list_is_refused() -> None:
    def nothing(slate: LoggedSlate) -> np.ndarray:
        return np.zeros((1, 1))

    with pytest.raises(ValueError, match="need at least one array"):
        what_if([], Asked(as_logged, nothing), [blend])
