"""A chance for new pages, which nobody can have clicked yet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from personalization.recommendation.ranking import Floats
from personalization.recommendation.standing import Kind, PageFacts, Situation, Standing

from .caps import Caps, Labels


@dataclass(frozen=True, slots=True)
class Exploration:
    """In a `share` of all lists a new page that was seen too little takes one of the places, never the first.

    Which one is drawn by how many impressions each still lacks, and which place, each alike. So all new pages together
    get `share` of a list's places for as long as one of them lacks impressions, and the one that lacks most gets
    most: each has its minimum after a bounded number of lists. In a list of one page that place is taken.

    What is drawn follows from the seed alone. `chances` says with what probability each shown page has its place:
    share x weight / places for the new one, 1 - share / places for any other that might have lost it. It might not
    where caps let no new page stand in its place.
    """

    share: float
    limits: Mapping[Kind, int] = field(default_factory=dict)
    name: ClassVar[str] = "exploration"

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        shown = min(situation.n, len(standing.order))
        places = range(max(standing.held, min(1, shown - 1)), shown)
        newcomers = [row for row in standing.order[shown:].tolist() if situation.facts[row].lacking > 0]
        if not places or not newcomers or self.share <= 0.0:
            return standing
        draws = _uniform(situation.seed, 3)
        fitting = self._fitting(sorted(newcomers), places, standing, situation)
        might_go = np.array([bool(rows) for rows in fitting], dtype=np.float64)
        chances = np.ones(len(standing.order))
        chances[standing.order[places.start : shown]] = 1.0 - might_go * self.share / len(places)
        standing = replace(standing, chances=chances)
        chosen = int(draws[1] * len(places))
        rows = fitting[chosen]
        if not rows or draws[0] >= self.share:
            return standing
        weights = np.array([situation.facts[row].lacking for row in rows], dtype=np.float64)
        weights /= weights.sum()
        drawn = min(int(np.searchsorted(weights.cumsum(), draws[2], side="right")), len(rows) - 1)
        chances[rows[drawn]] = self.share * weights[drawn] / len(places)
        order = standing.order[:shown].tolist()
        order[places[chosen]] = rows[drawn]
        return standing.in_order(order)

    def _fitting(
        self, newcomers: list[int], places: range, standing: Standing, situation: Situation
    ) -> list[list[int]]:
        """Those that may take each place: a cap that held goes on holding."""
        shown = [situation.facts[row] for row in standing.order[: places.stop].tolist()]
        full = Caps(self.limits).full(shown)
        if full is None:
            return [newcomers for _place in places]
        asked = [(row, _shared(full, situation.facts[row])) for row in newcomers]
        gone = [_shared(full, shown[place]) for place in places]
        return [[row for row, needed in asked if needed <= freed] for freed in gone]


def _shared(full: Labels, facts: PageFacts) -> Labels:
    """The full labels that a page has."""
    return frozenset((kind, label) for kind, label in full if label in facts.labels.get(kind, ()))


def _uniform(seed: str, n: int) -> Floats:
    """`n` numbers in [0, 1) that follow from the seed, and look like chance from seed to seed."""
    digest = hashlib.blake2b(seed.encode(), digest_size=8 * n).digest()
    return np.frombuffer(digest, dtype=">u8").astype(np.float64) / 2.0**64
