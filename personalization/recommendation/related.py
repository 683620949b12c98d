"""Related pages: the z-scored sum of what two pages have in common. Pure, and scipy: for workers.

Constants by measurement on editors' own links (docs/quality.md): terms tell most, the sum beats each signal, and ranks
fused by reciprocals are worse than terms alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from tagging.types import Catalogue, SparseRows

if TYPE_CHECKING:
    from scipy.sparse import csr_array

SIGNALS: Final = ("terms", "meaning", "topics", "names", "dates")
COMMON = 0.5  # what is on a larger share of the pages relates none of them
FEW_PAGES = 50  # with so many pages, their mean vector counts half: few say little about what the site is about
DATE_DAYS = 365.0  # exp(-|days| / 365)
BLOCK = 128  # pages compared with all others at once
SHARED_TERMS = 8  # kept of a pair, strongest first, for its reasons
HALF_FIT = 5.0  # standard deviations above an average page that fit by half

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Related:
    """One page beside another: `score` in standard deviations above an average page, weighed by the strengths.

    `parts` are the signals' shares of it, and sum to it. `terms` (columns of the catalogue), `topic_id` and
    `entity_id` are the strongest that both have.
    """

    page_id: int
    score: float
    parts: Mapping[str, float]
    terms: tuple[int, ...] = ()
    topic_id: int | None = None
    entity_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Shared:
    """Pages as unit rows of what they share with others; `columns` says what stands behind each column."""

    rows: csr_array
    columns: npt.NDArray[np.int64]

    def weights_of(self, row: int) -> Array:
        """One page's weights, a number for each column."""
        weights = np.zeros(len(self.columns))
        start, end = self.rows.indptr[row : row + 2]
        weights[self.rows.indices[start:end]] = self.rows.data[start:end]
        return weights


class Relations:
    """How all pages of a catalogue are related. Signals without strength are not looked at."""

    def __init__(self, catalogue: Catalogue, strengths: Mapping[str, float]) -> None:
        """`strengths` are 0 or more, by signal; only their proportions count."""
        self._ids, self._days = catalogue.page_ids, catalogue.days
        total = sum(strengths.values()) or 1.0
        self._shares = [strengths.get(signal, 0.0) / total for signal in SIGNALS]
        shared = {"terms": catalogue.terms, "topics": catalogue.topics, "names": catalogue.entities}
        self._shared = {signal: _shared(rows, len(self._ids)) for signal, rows in shared.items()}
        self._meaning = centred(catalogue.vectors)

    def likeness(self, signal: str, rows: Rows) -> Array:
        """How alike these pages and all pages are by one signal, (len(rows), n): symmetric, 1 at most."""
        if signal == "dates":
            apart = np.abs(self._days[rows, None] - self._days[None])
            return np.asarray(np.nan_to_num(np.exp(-apart / DATE_DAYS)))
        if signal == "meaning":
            return np.asarray(self._meaning[rows] @ self._meaning.T, dtype=np.float64)
        known = self._shared[signal].rows
        return np.asarray((known[rows] @ known.T).toarray(), dtype=np.float64)

    def parts(self, rows: Rows) -> Array:
        """Each signal's share of the scores, (signals, len(rows), n): its z-score among all other pages, weighed."""
        parts = np.zeros((len(SIGNALS), len(rows), len(self._ids)))
        for number, (signal, share) in enumerate(zip(SIGNALS, self._shares, strict=True)):
            if share:
                parts[number] = share * z_scores(self.likeness(signal, rows), rows)
        return parts

    def scores(self, rows: Rows) -> Array:
        """(len(rows), n); a page beside itself has -inf."""
        scores = self.parts(rows).sum(axis=0)
        scores[np.arange(len(rows)), rows] = -np.inf
        return np.asarray(scores)

    def best(self, rows: Rows, n: int) -> Iterator[tuple[int, tuple[Related, ...]]]:
        """For each of these pages its id and the `n` most related, best first; equal ones by page id."""
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            parts = self.parts(block)
            for number, row in enumerate(block.tolist()):
                yield int(self._ids[row]), self._best_of(row, parts[:, number], n)

    def _best_of(self, row: int, parts: Array, n: int) -> tuple[Related, ...]:
        """`parts` (signals, n) of one page."""
        ids = self._ids
        scores = parts.sum(axis=0).round(6)  # so that adding up in another order changes no place
        chosen = top(scores, ids, n + 1)
        chosen = chosen[chosen != row][:n]
        terms, topics, names = (self._in_common(signal, row, chosen) for signal in ("terms", "topics", "names"))
        shares = parts[:, chosen].round(3).T.tolist()
        return tuple(
            Related(
                page_id=int(ids[other]),
                score=float(scores[other]),
                parts=dict(zip(SIGNALS, shares[place], strict=True)),
                terms=tuple(terms[place]),
                topic_id=next(iter(topics[place]), None),
                entity_id=next(iter(names[place]), None),
            )
            for place, other in enumerate(chosen.tolist())
        )

    def _in_common(self, signal: str, row: int, others: Rows) -> list[list[int]]:
        """For each of `others` the columns that it has in common with the page, strongest first."""
        known = self._shared[signal]
        own = known.weights_of(row)
        theirs: Any = known.rows[others]
        both = theirs.data * own[theirs.indices]
        told = np.flatnonzero(both)
        places = np.repeat(np.arange(len(others)), np.diff(theirs.indptr))[told]
        columns = known.columns[theirs.indices[told]]
        order = np.lexsort((columns, -both[told].round(6), places))
        columns, ends = columns[order], np.searchsorted(places, np.arange(len(others) + 1))
        return [columns[start : min(end, start + SHARED_TERMS)].tolist() for start, end in pairwise(ends.tolist())]


def fit(score: float) -> float:
    """A score as a number in [0, 1): 0 for pages that are no more related than an average one."""
    return score / (score + HALF_FIT) if score > 0 else 0.0


def distinct(names: Sequence[str], limit: int) -> tuple[str, ...]:
    """Up to `limit` of the names, none of which says again a word of an earlier one; a pair stands for its words."""
    chosen: list[str] = []
    for name in names:
        words = set(name.casefold().split())
        inside = [known for known in chosen if set(known.casefold().split()) < words]
        if inside:
            chosen[chosen.index(inside[0])] = name
            chosen = [known for known in chosen if known not in inside[1:]]
        elif not any(words & set(known.casefold().split()) for known in chosen):
            chosen.append(name)
    return tuple(chosen[:limit])


def top(scores: Array, ids: Rows, n: int) -> Rows:
    """The numbers of the `n` greatest scores, greatest first; equal ones by id, whatever their order."""
    if n < len(scores):
        least = np.partition(scores, len(scores) - n)[len(scores) - n]
        within = np.flatnonzero(scores >= least)
    else:
        within = np.arange(len(scores))
    return within[np.lexsort((ids[within], -scores[within]))][:n].astype(np.int64)


def z_scores(likeness: Array, rows: Rows) -> Array:
    """Each row with mean 0 and deviation 1 among all columns but the page's own, which becomes 0."""
    count = max(likeness.shape[1] - 1, 1)
    own = (np.arange(len(rows)), rows)
    values = likeness.copy()
    values[own] = 0.0
    values -= values.sum(axis=1, keepdims=True) / count
    values[own] = 0.0
    deviation = np.sqrt((values**2).sum(axis=1, keepdims=True) / count)
    return np.asarray(np.divide(values, deviation, out=np.zeros_like(values), where=deviation > 1e-9))


def centred(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Vectors as seen from their mean, of unit length; those that are 0, pages without one, stay so."""
    known = np.linalg.norm(vectors, axis=1) > 0.5
    count = int(known.sum())
    if not count:
        return vectors
    centre = vectors[known].mean(axis=0) * (count / (count + FEW_PAGES))
    moved = np.where(known[:, None], vectors - centre, 0.0)
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _shared(found: SparseRows, count: int) -> _Shared:
    """Weights times rarity, ln((1 + pages) / (1 + pages with it)), without what is on one page, or on most.

    What is on one page relates it with none; after Spärck Jones 1972.
    """
    from scipy.sparse import csr_array

    columns, places, pages = np.unique(found.columns, return_inverse=True, return_counts=True)
    told = np.flatnonzero((pages >= 2) & (pages <= max(COMMON * count, 2)))
    weights = found.weights * np.log((1 + count) / (1.0 + pages))[places]
    rows: Any = csr_array((weights, places, found.starts), shape=(count, len(columns)))[:, told]
    lengths = np.sqrt(np.asarray((rows * rows).sum(axis=1)).ravel())
    scale = csr_array((1 / np.maximum(lengths, 1e-9), (np.arange(count), np.arange(count))), shape=(count, count))
    return _Shared((scale @ rows).tocsr(), columns[told])
