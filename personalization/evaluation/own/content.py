"""The source `similar` over a catalogue: the site's related pages, by what texts, topics and dates have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import numpy as np

from personalization.recommendation.related import Relations, fit
from personalization.types import Candidate
from tagging.types import Catalogue

from .sources import Question
from .stores import Stores

MOST: Final = 200
"""As many as a site's worker keeps of each page."""


class Content:
    """Related pages of the current one; each page's list is made when it is first asked for."""

    def __init__(self, catalogue: Catalogue, strengths: Mapping[str, float]) -> None:
        """`page_ids` of the catalogue are the log's numbers, `days` ordinals; `strengths` as `RELATED_STRENGTHS`."""
        self._relations = Relations(catalogue, strengths)
        self._rows = {page_id: row for row, page_id in enumerate(catalogue.page_ids.tolist())}
        self._days = catalogue.days
        self._best: dict[int, tuple[tuple[int, float], ...]] = {}

    def candidates(self, stores: Stores, question: Question, at: float) -> list[Candidate]:
        """What is related to the current page, best first: nothing that is dated later than `at`, if that is known."""
        if not question.pages or question.pages[-1] not in self._rows:
            return []
        today = datetime.fromtimestamp(at, UTC).toordinal() if at else math.inf
        return [
            Candidate(page_id, fit(score), "similar")
            for page_id, score in self._related(question.pages[-1])
            if not self._days[self._rows[page_id]] > today  # NaN: without a date
        ]

    def _related(self, page_id: int) -> tuple[tuple[int, float], ...]:
        if (found := self._best.get(page_id)) is None:
            ((_page, related),) = self._relations.best(np.array([self._rows[page_id]]), MOST)
            found = self._best[page_id] = tuple((one.page_id, one.score) for one in related)
        return found
