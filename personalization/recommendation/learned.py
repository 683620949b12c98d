"""The learned ranker: what a fitted model thinks of candidates, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from .circumstances import Circumstances
from .features import features_of
from .logistic import LogisticModel
from .proposals import Proposals
from .ranking import Grounds, Ranking
from .signals import Matrix, Row
from .trees import TreesModel

Model = LogisticModel | TreesModel


def model_from_json(stored: Mapping[str, Any]) -> Model:
    """The model that `to_json` of either kind wrote down."""
    return TreesModel.from_json(stored) if "threshold" in stored else LogisticModel.from_json(stored)


@dataclass(frozen=True, slots=True)
class LearnedRanker:
    """Ranks by the log-odds of a click. A source that is missing counts as an average one, never as a bad one."""

    model: Model
    circumstances: Circumstances
    version: int
    """The id of the version in the database."""
    name: ClassVar[str] = "learned"

    def rank(self, proposals: Proposals) -> Ranking:
        """Every proposed page; a score of .5 is the average page of this list, as with the weighted blend."""
        features = features_of(proposals.signals, self.circumstances.indicators())
        if not features.page_ids:
            return Ranking.of([])
        parts, owners = self.model.parts(features)
        lifts = _owned(owners, proposals.sources) @ parts
        lifts -= np.add.reduce(lifts, axis=1)[:, None] / len(proposals)
        grounds = Grounds(proposals.candidates, proposals.sources, proposals.at, lifts)
        return Ranking.by_score(features.page_ids, _squeezed(np.add.reduce(parts, axis=0)), grounds)


@lru_cache(maxsize=512)
def _owned(owners: tuple[str, ...], sources: tuple[str, ...]) -> Matrix:
    """(sources, rows): 1 where the row is of the source."""
    owned: Matrix = np.equal.outer(np.array(sources), np.array(owners)).astype(np.float64)
    return owned


def _squeezed(log_odds: Row) -> Row:
    """z over the list, by the logistic function into (0, 1): on the blend's scale, whatever the rate of clicks is."""
    centred = log_odds - np.add.reduce(log_odds) / len(log_odds)
    deviation = float(np.sqrt(np.add.reduce(centred * centred) / len(log_odds)))
    squeezed: Row = 1.0 / (1.0 + np.exp(-centred / deviation)) if deviation > 1e-9 else np.full(len(log_odds), 0.5)
    return squeezed
