"""What all sources propose for one list, gathered into arrays once: for rankers, for the log and for reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from personalization.types import Candidate

from .signals import Matrix, Signals

Numbers = npt.NDArray[np.intp]

_source = attrgetter("source")


@dataclass(frozen=True, eq=False)
class Proposals:
    """What the sources say of the pages of a list; a page that a source does not propose has its 0.

    `candidates` and `sources` ascend by source and `page_ids` by number; `lengths` says how many candidates a source
    has, `pages` holds each candidate's place in `page_ids`. `at` is (sources, pages): the place in `candidates` of what
    a source proposes of a page, -1 where it is silent; `scores` are what it says, of the same shape, never below 0. Of
    two candidates of one source for one page the higher numbers count, and the evidence of the better one. The order
    in which candidates come changes nothing.
    """

    candidates: Sequence[Candidate]
    sources: tuple[str, ...]
    lengths: tuple[int, ...]
    page_ids: tuple[int, ...]
    pages: Numbers
    at: Numbers
    scores: Matrix

    @classmethod
    def of(cls, candidates: Iterable[Candidate]) -> Proposals:
        """Everything that is proposed; pages that several sources propose come once."""
        found = list(candidates)
        named = [one.source for one in found]
        if named != (in_order := sorted(named)):
            found.sort(key=_source)
        runs = Counter(in_order)
        sources, lengths = tuple(runs), tuple(runs.values())
        ids = np.array([one.page_id for one in found], dtype=np.int64)
        page_ids, pages = np.unique(ids, return_inverse=True)
        at = np.full((len(runs), len(page_ids)), -1, dtype=np.intp)
        cells = pages + np.repeat(np.arange(len(runs)) * len(page_ids), lengths)
        at.ravel()[cells] = np.arange(len(found))
        if np.count_nonzero(at >= 0) < len(found):
            return cls.of(_merged(found))
        scores = np.zeros(at.shape)
        scores.ravel()[cells] = [one.score for one in found]
        ids_of = tuple(page_ids.tolist())
        return cls(found, sources, lengths, ids_of, pages, at, np.maximum(scores, 0.0, out=scores))

    def __len__(self) -> int:
        """The number of pages."""
        return len(self.page_ids)

    @cached_property
    def signals(self) -> Signals:
        """All numbers: the scores, and what else sources say."""
        said = [one.signals for one in self.candidates]
        columns: dict[str, tuple[Numbers, list[float]]] = {}
        start = 0
        for source, length in zip(self.sources, self.lengths, strict=True):
            run, start = slice(start, start + length), start + length
            for name, values in _columns(said[run]).items():
                columns[f"{source}.{name}"] = self.pages[run], values
        names = sorted((*self.sources, *columns))
        place = dict(zip(names, range(len(names)), strict=True))
        by_name = np.zeros((len(names), len(self)))
        by_name[[place[source] for source in self.sources]] = self.scores
        if columns:
            wheres, numbers = zip(*columns.values(), strict=True)
            rows = np.repeat([place[name] for name in columns], [len(one) for one in numbers])
            flat = np.fromiter(chain.from_iterable(numbers), np.float64, len(rows))
            by_name[rows, np.concatenate(wheres)] = np.maximum(flat, 0.0, out=flat)
        return Signals.over(self.page_ids, tuple(names), by_name)


def _columns(signals: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    """Name to the number of each; 0 where one has none."""
    if not any(signals):
        return {}
    first = signals[0]
    if sum(map(len, signals)) == len(first) * len(signals):
        try:
            return {name: [one[name] for one in signals] for name in first}
        except KeyError:
            pass  # as many each, but not the same
    return {name: [one.get(name, 0.0) for one in signals] for name in set(chain.from_iterable(signals))}


def _merged(candidates: Iterable[Candidate]) -> list[Candidate]:
    """One of each source for each page. Sources propose each page once: this is for those that do not."""
    best: dict[tuple[int, str], Candidate] = {}
    for one in sorted(candidates, key=lambda c: (-c.score, repr(c.evidence))):
        kept = best.setdefault((one.page_id, one.source), one)
        if kept is not one:
            best[one.page_id, one.source] = replace(kept, signals=_higher(kept.signals, one.signals))
    return list(best.values())


def _higher(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: max(one.get(name, 0.0), other.get(name, 0.0)) for name in one.keys() | other.keys()}
