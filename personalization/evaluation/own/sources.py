"""The product's sources, asked of counters in memory: scores and signals are those of `personalization.sources`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from personalization.evaluation.contender import SessionState
from personalization.recommendation.history.counts import PageIds, Sums
from personalization.recommendation.history.popularity import shrunk_share, trend
from personalization.types import Candidate

from .stores import Stores, classes_of

DAY: Final = 24 * 3600.0

LIMIT: Final = 40
"""So many candidates a source."""

SPARE: Final = 10

IN_SIGHT: Final = 200
"""So many of the most read pages are looked at for what readers like this one read."""

PAGES: Final = 5
"""So many pages of a session are looked at."""


def read_last(state: SessionState, most: int) -> tuple[int, ...]:
    """The last pages of a session, oldest first, each once: one that was read again stands where it was read last."""
    return tuple(dict.fromkeys(reversed(state.pages)))[:most][::-1]


@dataclass(frozen=True, slots=True)
class Question:
    """Where a reader is: the last pages, oldest first, each once, and the classes that the reader belongs to."""

    pages: tuple[int, ...]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, state: SessionState) -> Question:
        """From the last pages of a session."""
        return cls(read_last(state, PAGES), classes_of(state.attributes))


Source = Callable[[Stores, Question, float], list[Candidate]]
"""Proposes pages as of a moment, best first, `SPARE` more than `LIMIT` of them: some may not be shown."""


def trending(stores: Stores, question: Question, at: float) -> list[Candidate]:
    """The most read pages by the middle half-life, shared out as readers of the same class share theirs."""
    ids, views = _best(*stores.popularity.all(at), column=1, most=IN_SIGHT)
    everybody = float(views[:, 1].sum())
    share = views[:, 1] / max(everybody, 1e-9)
    if question.classes:
        of_class = stores.popularity.of_class(ids.tolist(), at, question.classes[0])
        share = shrunk_share(of_class, float(of_class.sum()), share)
    best = np.lexsort((ids, -share))[: LIMIT + SPARE]
    return [
        Candidate(
            page_id,
            trend(everybody * one),
            "trending",
            signals={"fast": fast, "medium": medium, "slow": slow, "total": total, "class": one},
        )
        for page_id, one, (fast, medium, slow, total) in zip(
            ids[best].tolist(), share[best].tolist(), views[best].tolist(), strict=True
        )
    ]


def covisits(stores: Stores, question: Question, at: float) -> list[Candidate]:
    """The pages that go with those of the session."""
    ids, scores = stores.covisits.scores(question.pages, at)
    return _counted("covisits", ("total", "later"), *_best(ids, scores, column=0, most=LIMIT + SPARE))


def transitions(stores: Stores, question: Question, at: float) -> list[Candidate]:
    """The next pages of those who were on the last one, and on those before it."""
    ids, scores = stores.transitions.scores(question.pages, at)
    return _counted("transitions", ("total", "step", "leap", "far"), *_best(ids, scores, column=0, most=LIMIT + SPARE))


def sessions(stores: Stores, question: Question, at: float) -> list[Candidate]:
    """The pages of the sessions that are most like this one."""
    scores = stores.sessions.scores(question.pages, at)
    best = sorted(scores, key=lambda page_id: (-scores[page_id], page_id))[: LIMIT + SPARE]
    return [Candidate(page_id, scores[page_id], "sessions") for page_id in best]


SOURCES: Final[Mapping[str, Source]] = {
    "trending": trending,
    "covisits": covisits,
    "transitions": transitions,
    "sessions": sessions,
}


def _counted(name: str, signals: Sequence[str], ids: PageIds, scores: Sums) -> list[Candidate]:
    """From pages with rows of numbers: the score, and one for each signal."""
    rows = zip(ids.tolist(), scores.tolist(), strict=True)
    return [Candidate(page_id, row[0], name, signals=dict(zip(signals, row[1:], strict=True))) for page_id, row in rows]


def _best(ids: PageIds, values: Sums, column: int, most: int) -> tuple[PageIds, Sums]:
    """Those with the highest number in the column, best first; equal ones by page."""
    score = values[:, column]
    if len(ids) > 4 * most:
        kept = np.flatnonzero(score >= np.partition(score, -most)[-most])
        ids, values, score = ids[kept], values[kept], score[kept]
    best = np.lexsort((ids, -score))[:most]
    return ids[best], values[best]
