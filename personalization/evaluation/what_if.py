"""What another setting of a placement would have earned, by three estimators, with how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from personalization.recommendation.features import z_scores
from personalization.recommendation.held_out import Scorer
from personalization.recommendation.logged import LoggedSlate
from personalization.recommendation.places import PlaceModel
from personalization.recommendation.signals import Row
from tagging.evaluation.metrics import Figure

from .counterfactual import Asked, Table
from .off_policy import (
    FEW_EFFECTIVE,
    doubly_robust_columns,
    effective_rows,
    ips_columns,
    live_columns,
    snips_columns,
)

ESTIMATORS: Final = (ips_columns, snips_columns, doubly_robust_columns, live_columns)
RESAMPLES: Final = 400
LEAST_OVERLAP: Final = 0.5
"""With less of the new lists ever shown, an estimate says more of its assumptions than of readers."""

MUCH_OVERLAP: Final = 0.9
"""From here on what a model has to add hardly matters."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Clicks per page shown under the setting, by each estimator, and as it was; `gain` is `doubly_robust` - `now`.

    `ips` takes what was never shown to be never clicked, `snips` takes it to be clicked as often as the rest,
    `doubly_robust` asks a model. `overlap` is the share of looks at the new lists that fall on what was shown, and
    `effective_rows` how many rows of the setting itself would tell as much. `looked_at`: each place beside the first.
    """

    ips: Figure
    snips: Figure
    doubly_robust: Figure
    now: Figure
    gain: Figure
    overlap: float
    effective_rows: float
    lists: int
    clicks: int
    looked_at: tuple[float, ...]

    @property
    def is_guess(self) -> bool:
        """Whether so little of the new lists was shown that nobody should decide by this."""
        return self.overlap < LEAST_OVERLAP or self.effective_rows < FEW_EFFECTIVE


def what_if(slates: Sequence[LoggedSlate], asked: Asked, scorers: Sequence[Scorer], level: float = 0.95) -> WhatIf:
    """Raises ValueError where no list is given.

    How often places are looked at is fitted to the same lists, beside what `scorers` think of the pages. Readers are
    resampled, and that is fitted anew for each resample: where a page moves to another place, it decides. The models
    of clicks take turns, so that the interval knows of their errors, too.
    """
    table, places = Table.of(slates, asked), place_model(slates, scorers)
    of_lists = np.array([slate.reader for slate in slates])
    readers = np.unique(np.concatenate([table.readers, of_lists]), return_inverse=True)[1]
    of_rows, of_lists = readers[: len(table.readers)], readers[len(table.readers) :]
    of_model = np.repeat(of_lists, [slate.shown for slate in slates])
    everyone = np.ones(len(of_model))
    fitted = places.fit(everyone)
    looked_at = places.seen_at(fitted, everyone)
    whole = _values(table, looked_at, np.ones(len(of_rows)))
    drawn = np.array(
        [
            _values(
                table,
                places.seen_at(places.fit(times[of_model], fitted), times[of_model]),
                times[of_rows],
                number % table.models,
            )
            for number, times in enumerate(_draws(int(readers.max()) + 1))
        ]
    )
    logged = table.logged(looked_at)
    figures = [_figure(whole[column], drawn[:, column], level) for column in range(len(ESTIMATORS))]
    return WhatIf(
        ips=figures[0],
        snips=figures[1],
        doubly_robust=figures[2],
        now=figures[3],
        gain=_figure(whole[2] - whole[3], drawn[:, 2] - drawn[:, 3], level),
        overlap=float(logged.covered().mean()),
        effective_rows=effective_rows(logged),
        lists=len(slates),
        clicks=int(table.rewards.sum()),
        looked_at=tuple(looked_at.tolist()),
    )


def place_model(slates: Sequence[LoggedSlate], scorers: Sequence[Scorer]) -> PlaceModel:
    """Clicks by place, beside what these think of the pages: better pages stand further up."""
    scores = [np.stack([_standard(scorer(slate)[: slate.shown]) for scorer in scorers], axis=1) for slate in slates]
    return PlaceModel.of(
        np.concatenate([slate.places for slate in slates]),
        np.concatenate(scores),
        np.concatenate([slate.clicked for slate in slates]),
    )


def _values(table: Table, looked_at: Row, times: Row, model: int = 0) -> Row:
    """By each estimator, with each row counted so many times."""
    logged = table.logged(looked_at, model)
    pairs = [[times @ column for column in columns(logged)] for columns in ESTIMATORS]
    values: Row = np.array([over / under if under > 0 else 0.0 for over, under in pairs])
    return values


def _draws(readers: int) -> Iterator[Row]:
    random = np.random.default_rng(0)
    for _resample in range(RESAMPLES):
        drawn = random.integers(0, readers, readers)
        yield np.bincount(drawn, minlength=readers).astype(np.float64)


def _figure(value: Any, drawn: Row, level: float) -> Figure:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Figure(float(value), float(low), float(high))


def _standard(scores: Row) -> Row:
    return z_scores(scores, float(scores.mean()), float(scores.std()))
