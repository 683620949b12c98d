"""Whether one ranker puts clicked pages higher than another, on lists that neither has learned from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from .features import z_scores
from .logged import Flags, LoggedSlate, Places
from .places import PlaceModel
from .signals import Matrix, Row

RESAMPLES: Final = 400
TAIL: Final = 10
"""So many resamples at least lie beyond each end of an interval."""

Scorer = Callable[[LoggedSlate], Row]
"""A score for every page of a slate's signals; higher is better."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Debiased nDCG of clicks: `own` and `other` in (0, 1], and own - other with its bootstrap interval."""

    own: float
    other: float
    low: float
    high: float
    slates: int
    clicks: int

    @property
    def difference(self) -> float:
        return self.own - self.other


@dataclass(frozen=True, slots=True)
class _Seen:
    """Every page that was seen: what each ranker's place for it is worth, in (0, 1], and whose list it was in."""

    worth: Matrix
    scores: Matrix
    clicked: Flags
    places: Places
    readers: Places


def compare(
    slates: Sequence[LoggedSlate], own: Scorer, other: Scorer, seed: int = 0, level: float = 0.95
) -> Comparison | None:
    """Both rankers put the pages that a reader saw in order; a page that was clicked counts 1 / log2(1 + its place).

    A click far down counts so many times as much as that place is seldom looked at (Joachims, Swaminathan and
    Schnabel, 2017); sums are divided by the weight of all clicks. How often places are looked at is fitted to these
    lists alone, beside what both rankers think of the pages, and anew for each resample: an error in it would favour
    one of the two. Readers are resampled, not lists: one reader's lists are alike. The interval holds with the
    probability `level`. None where nothing was clicked.
    """
    if not any(slate.clicks for slate in slates):
        return None
    seen = _seen(slates, own, other)
    model = PlaceModel.of(seen.places, seen.scores, seen.clicked)
    everyone = np.ones(len(seen.clicked))
    fitted = model.fit(everyone)
    whole = _figures(seen, model, fitted, everyone)
    rng, readers = np.random.default_rng(seed), int(seen.readers.max()) + 1
    differences = []
    for _resample in range(max(RESAMPLES, round(2 * TAIL / (1.0 - level)))):
        weights = np.bincount(rng.integers(0, readers, readers), minlength=readers)[seen.readers].astype(np.float64)
        if weights @ seen.clicked:
            drawn = _figures(seen, model, model.fit(weights, fitted), weights)
            differences.append(drawn[0] - drawn[1])
    low, high = np.quantile(differences, [(1.0 - level) / 2, (1.0 + level) / 2])
    clicks = sum(slate.clicks for slate in slates)
    return Comparison(float(whole[0]), float(whole[1]), float(low), float(high), len(slates), clicks)


def _figures(seen: _Seen, model: PlaceModel, coefficients: Row, weights: Row) -> Row:
    """The figure of each of the two."""
    seen_at = model.seen_at(coefficients, weights)
    counted = weights * seen.clicked / seen_at[np.minimum(seen.places, len(seen_at) - 1)]
    figures: Row = counted @ seen.worth / counted.sum()
    return figures


def _seen(slates: Sequence[LoggedSlate], own: Scorer, other: Scorer) -> _Seen:
    readers = {reader: row for row, reader in enumerate(sorted({slate.reader for slate in slates}))}
    worth, scores = [], []
    for slate in slates:
        pair = [scorer(slate)[: slate.shown][slate.seen] for scorer in (own, other)]
        worth.append(np.stack([discounts(one) for one in pair], axis=1))
        scores.append(np.stack([z_scores(one, float(one.mean()), float(one.std())) for one in pair], axis=1))
    return _Seen(
        worth=np.concatenate(worth),
        scores=np.concatenate(scores),
        clicked=np.concatenate([slate.clicked[slate.seen] for slate in slates]),
        places=np.concatenate([slate.places[slate.seen] for slate in slates]),
        readers=np.repeat([readers[slate.reader] for slate in slates], [int(slate.seen.sum()) for slate in slates]),
    )


def discounts(scores: Row) -> Row:
    """1 / log2(1 + place) of each page; pages that score alike share their places."""
    above = (scores[None, :] > scores[:, None]).sum(axis=1)
    alike = (scores[None, :] == scores[:, None]).sum(axis=1)
    found: Row = 1.0 / np.log2(1.0 + above + (alike - 1) / 2 + 1)
    return found
