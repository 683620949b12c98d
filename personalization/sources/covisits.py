"""Pages that are read in the same visits as those of this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from personalization.models import PagePair
from personalization.recommendation.history import covisits
from personalization.types import Candidate

from .base import CandidateSource, SourceRequest, register
from .journey import aged, best_of, is_of_the_kind, pages_read, quoted, rows_of

PAGES: Final = 5
"""So many pages of the visit are looked at."""

# Both directions of a pair; the pairs of a page with itself say how many sessions read it.
_PAIRS: Final = """
    WITH history AS (
        SELECT unnest(%(pages)s::bigint[]) AS page_id
    ), pair AS (
        SELECT source_id AS from_id, target_id AS to_id, together, together_total, 1 AS share, 1 AS is_later, as_of
        FROM {pairs} JOIN history ON source_id = history.page_id WHERE source_id <> target_id
        UNION ALL
        SELECT target_id, source_id, together, together_total, {backward}, 0, as_of
        FROM {pairs} JOIN history ON target_id = history.page_id WHERE source_id <> target_id
    ), linked AS (
        SELECT from_id, to_id, sum(share * {together}) AS together, sum(share * together_total) AS together_total,
               sum(is_later * {together}) AS later, sum(together_total) AS readers
        FROM pair GROUP BY from_id, to_id
    )
    SELECT from_id, to_id, readers, linked.together, linked.together_total, later,
           {views_from}, view_from.together_total, {views_to}, view_to.together_total
    FROM linked
    JOIN {pairs} AS view_from ON view_from.source_id = from_id AND view_from.target_id = from_id
    JOIN {pairs} AS view_to ON view_to.source_id = to_id AND view_to.target_id = to_id
    WHERE {is_of_the_kind}
"""


@register
class CoVisitsSource(CandidateSource):
    """The pages that go with those read in this visit, the last ones counting more.

    Score: the sum of the pairs' decayed strengths (`recommendation.history.covisits.score`). Signals: "total", the
    same without decay; "later", of what is read later only. Evidence: the page of the visit that says most, and of how
    many sessions at least.
    """

    name = "covisits"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        history = pages_read(request.query, PAGES)
        if not history:
            return []
        statement = _PAIRS.format(
            pairs=quoted(PagePair),
            backward=covisits.BACKWARD,
            together=aged("together", "pairs"),
            views_from=aged("view_from.together", "pairs", "view_from.as_of"),
            views_to=aged("view_to.together", "pairs", "view_to.as_of"),
            is_of_the_kind=is_of_the_kind("to_id"),
        )
        return best_of(_candidates(rows_of(statement, request, pages=history), history), request)


def _candidates(rows: Sequence[Sequence[Any]], history: Sequence[int]) -> list[Candidate]:
    """One a page, of what each page of the history says of it."""
    if not rows:
        return []
    weights = {page_id: covisits.history_weight(steps) for steps, page_id in enumerate(reversed(history))}
    # What was taken back leaves next to nothing, on either side of 0.
    sums = np.maximum(np.array([row[3:] for row in rows], dtype=np.float64), 0.0)
    pairs, views_from, views_to = sums[:, :3], sums[:, [3, 4, 3]], sums[:, [5, 6, 5]]
    strengths = covisits.score(pairs, views_from, views_to) * np.array([[weights[row[0]]] for row in rows])
    found: dict[int, dict[int, Strength]] = {}
    for (from_id, to_id, readers, *_), (now, of_all_time, in_order) in zip(rows, strengths.tolist(), strict=True):
        found.setdefault(to_id, {})[from_id] = Strength(now, of_all_time, in_order, round(readers))
    return [_candidate(page_id, found[page_id]) for page_id in sorted(found.keys() - set(history))]


@dataclass(frozen=True, slots=True)
class Strength:
    """How strongly one page leads to another: as of now, of all time, in the order read; and by how many readers."""

    now: float
    total: float
    later: float
    readers: int


def _candidate(page_id: int, strengths: Mapping[int, Strength]) -> Candidate:
    most = max(strengths, key=lambda from_id: (strengths[from_id].now, -from_id))
    both = strengths.values()
    return Candidate(
        page_id,
        sum(one.now for one in both),
        CoVisitsSource.name,
        {"page_id": most, "readers": strengths[most].readers},
        {"total": sum(one.total for one in both), "later": sum(one.later for one in both)},
    )
