"""Other settings of a placement, tried on what was served and clicked: how its lists would have been ordered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from personalization.types import Vector

from .features import z_scores
from .held_out import Scorer, discounts
from .logged import LoggedSlate
from .ranking import Ranking
from .rerankers.mmr import MaximalMarginalRelevance
from .signals import Row
from .standing import Situation, Standing

SEEN_ALIKE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Setting:
    """How much each source counts in the weighted blend, how varied lists are, and how many show a new page.

    No weights: as the strategy has them. Exploration None: as it was when lists were served.
    """

    diversity: float
    weights: Mapping[str, float] | None = None
    exploration: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain numbers, of four decimals."""
        return {
            "diversity": round(self.diversity, 4),
            "weights": {name: round(weight, 4) for name, weight in sorted((self.weights or {}).items())},
            "exploration": None if self.exploration is None else round(self.exploration, 4),
        }

    def rounded(self) -> Setting:
        """To hundredths: no log tells more apart."""
        weights = {name: round(weight, 2) for name, weight in (self.weights or {}).items()}
        exploration = None if self.exploration is None else round(self.exploration, 2)
        return Setting(round(self.diversity, 2), weights or None, exploration)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Setting:
        """What `to_json` wrote down."""
        return cls(stored["diversity"], stored["weights"] or None, stored["exploration"])


def scorer_of(setting: Setting, relevance: Scorer, vectors: Mapping[int, Vector]) -> Scorer:
    """The place of each page of a logged list under the setting, as a score: higher is nearer to the top.

    `relevance` is what ranks where the setting has no weights of its own.
    """

    def score(slate: LoggedSlate) -> Row:
        raw = relevance(slate) if setting.weights is None else blended(slate, setting.weights)
        if setting.diversity <= 0.0:
            return raw
        scores = 1.0 / (1.0 + np.exp(-z_scores(raw, float(raw.mean()), float(raw.std()))))
        pages = Ranking.plain(slate.signals.page_ids, scores)
        situation = Situation.of(pages, len(pages), vectors=vectors)
        order = MaximalMarginalRelevance(setting.diversity)(Standing.of(pages), situation).order
        places: Row = np.empty(len(pages))
        places[order] = -np.arange(len(pages), dtype=np.float64)
        return places

    return score


def blended(slate: LoggedSlate, weights: Mapping[str, float]) -> Row:
    """The weighted mean of the sources' z-scores; a source without a weight counts for nothing."""
    signals, total = slate.signals, np.zeros(len(slate.signals.page_ids))
    for column, name in enumerate(signals.names):
        z = z_scores(signals.raw[:, column], float(signals.means[column]), float(signals.deviations[column]))
        total += weights.get(name, 0.0) * z
    mean: Row = total / max(sum(weights.values()), SEEN_ALIKE)
    return mean


def gain(slates: Sequence[LoggedSlate], scorer: Scorer, seen_at: Row) -> float:
    """Debiased nDCG of clicks among the pages that were seen, as `held_out.compare` has it; 0 without clicks."""
    earned = counted = 0.0
    for slate in slates:
        if slate.clicks:
            worth = discounts(scorer(slate)[: slate.shown][slate.seen])
            places = np.minimum(slate.places[slate.seen], len(seen_at) - 1)
            weights = slate.clicked[slate.seen] / seen_at[places]
            earned, counted = earned + float(weights @ worth), counted + float(weights.sum())
    return earned / counted if counted else 0.0
