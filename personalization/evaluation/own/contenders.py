"""The product's sources and its ways to put them together, as contenders over one `Reading`."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from personalization.evaluation.contender import LoggedView, SessionState
from personalization.recommendation.features import Features
from personalization.recommendation.fitting import Examples, fit_logistic, fit_trees
from personalization.recommendation.rankers import filled
from personalization.recommendation.scorers import blend
from personalization.types import Candidate

from .reading import Reading, features_for
from .sources import DAY

WEIGHTS: Final[Mapping[str, float]] = dict.fromkeys(("trending", "covisits", "transitions", "sessions", "similar"), 1.0)
"""Of the blend, before a ranker has learned: no source is trusted more than another."""

CHAIN: Final = ("sessions", "covisits", "transitions", "similar", "trending")
"""In this order sources fill what the one before leaves empty."""

LEAST_CLICKS: Final = 300
"""Before that a ranker has nothing to learn from, and sources are blended."""

ENOUGH: Final = 3
"""From so many pages on, a hard switch takes a session's history to be known."""


class Own(ABC):
    """A contender that asks the shared reading for candidates."""

    def __init__(self, name: str, reading: Reading) -> None:
        self.name, self._reading = name, reading

    def observe(self, view: LoggedView) -> None:
        """Pass the view on; the reading counts it once."""
        self._reading.observe(view)

    def refresh(self, at: float) -> None:
        """Bring the counters up to date."""
        self._reading.refresh(at)

    def rank(self, state: SessionState, n: int) -> Sequence[int]:
        """The best of the candidates; the most read pages where those are too few."""
        candidates = self._reading.candidates(state)
        chosen = self._ranked(candidates, state)[:n]
        if len(chosen) == n:
            return chosen
        fillers = (one.page_id for one in candidates if one.source == "trending")
        return list(dict.fromkeys([*chosen, *fillers]))[:n]

    @abstractmethod
    def _ranked(self, candidates: list[Candidate], state: SessionState) -> list[int]:
        """Page ids, best first."""


class Single(Own):
    """One source alone."""

    def __init__(self, source: str, reading: Reading) -> None:
        super().__init__(f"source, {source}", reading)
        self._source = source

    def _ranked(self, candidates: list[Candidate], state: SessionState) -> list[int]:
        return [one.page_id for one in candidates if one.source == self._source]


class Weighted(Own):
    """The blend of z-scores with weights that nobody fitted."""

    def _ranked(self, candidates: list[Candidate], state: SessionState) -> list[int]:
        return list(blend(candidates, WEIGHTS).page_ids)


class Fallback(Own):
    """Switching as it should be: the next source is asked only for what the one before leaves empty."""

    def _ranked(self, candidates: list[Candidate], state: SessionState) -> list[int]:
        return list(filled([], candidates, CHAIN).page_ids)


class Switching(Own):
    """Switching hard by how much is known of the reader: popular pages, next pages, pages of like sessions."""

    def _ranked(self, candidates: list[Candidate], state: SessionState) -> list[int]:
        known = len(set(state.pages))
        chosen = "trending" if known < ENOUGH - 1 else "covisits" if known < ENOUGH else "sessions"
        return [one.page_id for one in candidates if one.source == chosen]


class Model(Protocol):
    """What was fitted."""

    def score(self, features: Features) -> np.ndarray[tuple[int], np.dtype[np.float64]]: ...


class Learned(Own):
    """A ranker on the candidates' features, fitted each night to what readers clicked of what was proposed."""

    def __init__(self, name: str, reading: Reading, fit: Callable[[Examples], Model]) -> None:
        super().__init__(name, reading)
        self._fit, self._model, self._fitted_at = fit, None, -math.inf

    _model: Model | None

    def _ranked(self, candidates: list[Candidate], state: SessionState) -> list[int]:
        model = self._ready(state.at)
        if model is None:
            return list(blend(candidates, WEIGHTS).page_ids)
        features = features_for(candidates, state)
        scores = model.score(features)
        return [features.page_ids[place] for place in np.argsort(-scores, kind="stable").tolist()]

    def _ready(self, at: float) -> Model | None:
        """Only the first question of a day finds a new model."""
        night = at // DAY * DAY
        if night > self._fitted_at and len(self._reading.examples) >= LEAST_CLICKS:
            self._model, self._fitted_at = self._fit(Examples.of(list(self._reading.examples))), night
        return self._model


def logistic(examples: Examples) -> Model:
    """Pointwise logistic regression. The list's order was nobody's choice: there are no places to correct for."""
    return fit_logistic(examples).model


def trees(examples: Examples) -> Model:
    """Boosted trees."""
    return fit_trees(examples).model
