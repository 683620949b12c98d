"""One site's readers, as the log tells of them: counters, what sources propose, and examples to learn from."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from personalization.evaluation.contender import LoggedView, SessionState
from personalization.recommendation.circumstances import Circumstances
from personalization.recommendation.features import FeatureMatrix, ListFeatures, matrix
from personalization.recommendation.sequences import LENGTH
from personalization.types import Candidate

from .content import Content
from .sequences import NightlyNetwork
from .sources import LIMIT, SOURCES, Question, Source, read_last
from .stores import Stores

HOUR: Final = 3600.0

MEASURED_BY: Final = 1000
"""After so many views it is known how busy a site is, and which half-lives suit it."""

EXAMPLES: Final = 8000
"""A ranker is fitted to the newest so many lists."""

OTHERS: Final = 40
"""Of the pages of a list that were not read so many are kept, drawn by chance: their odds stay the same."""

NEWEST: Final = 0.2
"""They are drawn from the last part of what is learned from: counters are as full there as in the test."""

UNTOLD: Final = ("hour", "day")

Example = tuple[FeatureMatrix, npt.NDArray[np.bool_]]


class Reading:
    """What all contenders of one replay share: each view is counted once, each question answered once."""

    def __init__(
        self, learned_from: int, content: Content | None = None, network: NightlyNetwork | None = None, seed: int = 0
    ) -> None:
        """`learned_from` is how many views come before the first question, about.

        A network is fitted first when there are examples to keep: what is learned from it is what it says of views
        that it did not learn from.
        """
        self.sources: Mapping[str, Source] = {**SOURCES, **({"similar": content.candidates} if content else {})}
        self.examples: deque[Example] = deque(maxlen=EXAMPLES)
        self._network = network
        self._stores: Stores | None = None
        self._observed: LoggedView | None = None
        self._held: list[LoggedView] = []
        self._seen, self._until_examples = 0, (1 - NEWEST) * learned_from
        self._share, self._random = EXAMPLES / max(NEWEST * learned_from, 1.0), np.random.default_rng(seed)
        self._as_of = 0.0
        self._asked: tuple[SessionState, list[Candidate]] | None = None
        self._known: dict[tuple[str, tuple[object, ...]], list[Candidate]] = {}

    def observe(self, view: LoggedView) -> None:
        """Take note of a view, however many contenders pass it on."""
        if self._observed is view:
            return
        self._observed = view
        if view.at == 0.0 and not view.state.pages and self._is_measured:
            self._count(0.0)  # a log without times has no refreshes: sessions that are over are known
        self._held.append(view)

    def refresh(self, at: float) -> None:
        """Count what was held back. What is learned from it is what was known when it was read."""
        if self._held and self._is_measured:
            self._count(at)
        self._as_of = max(self._as_of, at)

    def candidates(self, state: SessionState) -> list[Candidate]:
        """What all sources propose, `LIMIT` each and nothing that is excluded."""
        if self._stores is None:
            self._count(self._as_of)  # few views are better than none
        if self._asked is None or self._asked[0] is not state:
            question = Question.of(state)
            found = [one for name in self.sources for one in self._proposed(name, question, state)]
            self._asked = state, [*found, *self._next(state)]
        return self._asked[1]

    def _proposed(self, name: str, question: Question, state: SessionState) -> list[Candidate]:
        key = (name, question.classes[:1] if name == "trending" else question.pages)
        if (found := self._known.get(key)) is None:
            found = self._known[key] = self.sources[name](self._ready(), question, self._as_of)
        return [one for one in found if one.page_id not in state.excluded][:LIMIT]

    def _next(self, state: SessionState) -> list[Candidate]:
        """What the network expects."""
        network = self._network and self._network.at(state.at)
        found = network.best(read_last(state, LENGTH), LIMIT, state.excluded) if network else []
        return [Candidate(page_id, chance, "sequences") for page_id, chance in found]

    def _count(self, at: float) -> None:
        stores = self._ready()
        for view in self._held:
            self._seen += 1
            if self._seen > self._until_examples and view.state.pages and self._random.random() < self._share:
                self._learn(view)
        for view in self._held:
            stores.add(view)
            if self._network:
                self._network.add(view)
        self._held.clear()
        self._known.clear()
        self._asked = None

    def _learn(self, view: LoggedView) -> None:
        """Keep the list that would have been shown, where it holds the page that was read."""
        features = features_for(self.candidates(view.state), view.state)
        clicked = np.array([page_id == view.page for page_id in features.page_ids], dtype=bool)
        if clicked.any():
            others = self._random.permutation(np.flatnonzero(~clicked))[:OTHERS]
            rows = np.sort(np.concatenate([np.flatnonzero(clicked), others]))
            page_ids = tuple(features.page_ids[row] for row in rows.tolist())
            kept = FeatureMatrix(page_ids, features.names, features.values[rows].astype(np.float32))
            self.examples.append((kept, clicked[rows]))

    @property
    def _is_measured(self) -> bool:
        """Whether it is known how busy the site is."""
        return self._stores is not None or len(self._held) >= MEASURED_BY

    def _ready(self) -> Stores:
        if self._stores is None:
            hours = max((self._held[-1].at - self._held[0].at) / HOUR, 1e-9) if self._held else 1.0
            begun = sum(not view.state.pages for view in self._held)
            self._stores = Stores.for_traffic(len(self._held) / hours, begun / hours)
        return self._stores


def features_for(candidates: list[Candidate], state: SessionState) -> ListFeatures:
    """What a ranker sees of a list: in fitting and in ranking the same. A day of examples says nothing of hours."""
    referrer, device, locale = (state.attributes.get(name, "") for name in ("referrer", "device", "locale"))
    indicators = Circumstances(referrer, device, locale, pages=len(set(state.pages))).indicators()
    return matrix(candidates, {name: value for name, value in indicators.items() if name.split("=")[0] not in UNTOLD})
