"""A model of clicks for estimates of other settings, fitted to other lists than it speaks of; with its own error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from personalization.recommendation.fitting import Examples, fit_logistic
from personalization.recommendation.logged import LoggedSlate, Places
from personalization.recommendation.logistic import LogisticModel, aligned
from personalization.recommendation.signals import Matrix, Row

REFITS: Final = 8
"""Besides the model itself, so many fits to resampled lists say how far off it may be."""

MOST_LISTS: Final = 8000
"""A model of a few dozen weights learns nothing from more, the newest of them."""

Bundle = tuple[LogisticModel, ...]


@dataclass(frozen=True, slots=True)
class Expectations:
    """`of_even` speaks of readers with even numbers, `of_odd` of the others; each is a model and its `REFITS`."""

    of_even: Bundle
    of_odd: Bundle
    of_new: float = 0.0

    @classmethod
    def learned(cls, slates: Sequence[LoggedSlate]) -> Expectations:
        """For lists that are not among these."""
        bundle = _bundle(slates)
        return cls(bundle, bundle, _of_new(slates))

    @classmethod
    def crossed(cls, slates: Sequence[LoggedSlate]) -> Expectations:
        """For these lists: of each reader by what the other half of all readers did."""
        halves = [[slate for slate in slates if slate.reader % 2 == part] for part in (0, 1)]
        if not all(_is_enough(half) for half in halves):
            return cls((), (), _of_new(slates))
        return cls(_bundle(halves[1]), _bundle(halves[0]), _of_new(slates))

    def __call__(self, slate: LoggedSlate) -> Matrix:
        """(pages, 1 + REFITS): the probability of a click on each page of the list where it is looked at."""
        bundle = self.of_odd if slate.reader % 2 else self.of_even
        if not bundle:
            return np.zeros((len(slate.signals.page_ids), 1 + REFITS))
        first = bundle[0]
        values = aligned(slate.features(is_crossed=False), first.names, first.means)
        found: Matrix = 1.0 / (1.0 + np.exp(-np.stack([_score(model, values) for model in bundle], axis=1)))
        return found


def _bundle(slates: Sequence[LoggedSlate]) -> Bundle:
    slates = slates[-MOST_LISTS:]
    if not _is_enough(slates):
        return ()
    examples, random = Examples.of_slates(slates), np.random.default_rng(0)
    rows = [np.arange(len(examples.clicked))]
    rows += [_resampled(examples, random) for _refit in range(REFITS)]
    found = []
    for one in rows:
        drawn = replace(examples, rows=examples.rows[one], clicked=examples.clicked[one], lists=examples.lists[one])
        drawn = replace(drawn, places=None if examples.places is None else examples.places[one])
        found.append(fit_logistic(drawn).model)
    return tuple(model for model in found if isinstance(model, LogisticModel))


def _resampled(examples: Examples, random: np.random.Generator) -> Places:
    """Rows of as many lists, drawn with replacement; those of all where no click or nothing else was drawn."""
    starts = np.searchsorted(examples.lists, np.arange(examples.lists.max() + 2))
    drawn = random.integers(0, len(starts) - 1, len(starts) - 1)
    rows = np.concatenate([np.arange(starts[one], starts[one + 1]) for one in drawn])
    clicked = examples.clicked[rows]
    return rows if clicked.any() and not clicked.all() else np.arange(len(examples.clicked))


def _is_enough(slates: Sequence[LoggedSlate]) -> bool:
    clicks = sum(slate.clicks for slate in slates)
    return 0 < clicks < sum(int(slate.seen.sum()) for slate in slates)


def _of_new(slates: Sequence[LoggedSlate]) -> float:
    """How often a new page is clicked that chance put into a list; 0 where none was."""
    trials = [slate.trial.is_clicked for slate in slates if slate.trial]
    return float(np.mean(trials)) if trials else 0.0


def _score(model: LogisticModel, values: Matrix) -> Row:
    weights = np.array(model.weights) / np.array(model.scales)
    score: Row = values @ weights - float(np.array(model.means) @ weights) + model.intercept
    return score
