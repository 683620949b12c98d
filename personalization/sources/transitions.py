"""Pages that readers open right after this one, and after those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from personalization.models import PagePair
from personalization.recommendation.history import transitions
from personalization.types import Candidate

from .base import CandidateSource, SourceRequest, register
from .journey import aged, best_of, is_of_the_kind, pages_read, quoted, rows_of

COLUMNS: Final = ("steps", "leaps", "far_leaps")
"""By how many views further on the other page was read: one, two, three."""

SIGNALS: Final = ("total", "step", "leap", "far")

_STEPS: Final = """
    SELECT pair.source_id, pair.target_id, {sums}
    FROM {pairs} AS pair JOIN {pairs} AS departure
        ON departure.source_id = pair.source_id AND departure.target_id = pair.source_id
    WHERE pair.source_id = ANY(%(pages)s::bigint[]) AND pair.target_id <> pair.source_id AND {is_of_the_kind}
"""


@register
class TransitionsSource(CandidateSource):
    """The next pages of those who were where the reader is, or was last; and those that came two and three views
    after the pages before.

    Score: how likely each is (`recommendation.history.transitions`). Signals: "total", the share of all steps from the
    last page, of all time; "step", "leap" and "far", the decayed shares that made the score. Evidence: the page that
    says most, and how many readers went on from there.
    """

    name = "transitions"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        history = pages_read(request.query, transitions.REACH)[::-1]
        if not history:
            return []
        statement = _STEPS.format(
            pairs=quoted(PagePair),
            sums=", ".join(f"{_sums('pair', column)}, {_sums('departure', column)}" for column in COLUMNS),
            is_of_the_kind=is_of_the_kind("pair.target_id"),
        )
        return best_of(_candidates(rows_of(statement, request, pages=history), history), request)


def _sums(table: str, column: str) -> str:
    """The decayed sum, and that of all time; of leaps only the former is kept."""
    decayed = aged(f"{table}.{column}", "pairs", f"{table}.as_of")
    return f"{decayed}, {table}.steps_total" if column == "steps" else f"{decayed}, 0::float8"


def _candidates(rows: Sequence[Sequence[Any]], history: Sequence[int]) -> list[Candidate]:
    """One a page; `history` is newest first."""
    shares: dict[int, dict[int, tuple[float, float, float]]] = {}
    for source_id, target_id, *sums in rows:
        back = history.index(source_id)
        # What was taken back leaves next to nothing, on either side of 0. Sum and departures, each also of all time.
        counted, counted_total, departures, departures_total = np.maximum(
            np.array(sums, dtype=np.float64).reshape(-1, 4)[back], 0.0
        )
        share = float(transitions.share(counted, departures))
        total = float(transitions.share(counted_total, departures_total))
        shares.setdefault(target_id, {})[back] = (share, total, max(counted, counted_total))
    return [_candidate(page_id, shares[page_id], history) for page_id in sorted(shares)]


def _candidate(page_id: int, shares: dict[int, tuple[float, float, float]], history: Sequence[int]) -> Candidate:
    """`shares` by how many pages back: decayed, of all time, and how many went that way."""
    parts = {back: transitions.PART**back * share for back, (share, _total, _n) in shares.items()}
    most = max(parts, key=lambda back: (parts[back], -back))
    decayed = [shares[back][0] if back in shares else 0.0 for back in range(transitions.REACH)]
    numbers = [shares[0][1] if 0 in shares else 0.0, *decayed]
    evidence = {"page_id": history[most], "readers": round(shares[most][2])}
    signals = dict(zip(SIGNALS, numbers, strict=True))
    return Candidate(page_id, sum(parts.values()), TransitionsSource.name, evidence, signals)
