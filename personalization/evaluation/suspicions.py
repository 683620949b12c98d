"""What makes a log's figures too good to be true: twins, rows sorted by the answer, attributes that tell it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from .log import Attribute, Log
from .replay import Plan, asked_rows

TWIN_LENGTH = 5  # two readers often read the same two pages, hardly ever the same five in the same order
TWIN_SHARE = 0.3
SORTED_SHARE, SORTED_TIMES = 0.2, 5.0  # of neighbouring sessions that end alike; and as often as by chance
CHANCES = 4.0  # standard errors of the difference between two hit rates on the same views (McNemar 1947)
LENGTH_TOLD = 0.5  # of the uncertainty about a session's length
TOP = 10

Keys = npt.NDArray[np.int64]
Hits = npt.NDArray[np.bool_]
Kind = Literal["twins", "sorted", "leak", "length"]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One finding. `name` is the attribute, "" where it is the log's; `share` is how much there is of it."""

    kind: Kind
    name: str
    share: float


def suspicions(log: Log, plan: Plan) -> list[Suspicion]:
    """All that is found. A log that no finding is made of may still be a bad one."""
    return [*_twins(log), *_sorted(log), *_leaks(log, plan), *_told_lengths(log)]


def _twins(log: Log) -> Iterator[Suspicion]:
    """How many of the visitors who read enough have a twin: the same pages in the same order."""
    rows = np.argsort(log.visitors, kind="stable")
    counts = np.bincount(log.visitors)
    parts = np.split(log.pages[rows], np.cumsum(counts)[:-1])
    readings = Counter(part.tobytes() for part in parts if len(set(part[:TWIN_LENGTH].tolist())) >= TWIN_LENGTH)
    total = readings.total()
    share = sum(count for count in readings.values() if count > 1) / total if total else 0.0
    if share > TWIN_SHARE:
        yield Suspicion("twins", "", share)


def _sorted(log: Log) -> Iterator[Suspicion]:
    """Without times, whether sessions that stand side by side begin or end alike: then a split is none by chance."""
    if log.is_timed or not len(log):
        return
    firsts = np.unique(log.sessions, return_index=True)[1]
    lasts = len(log) - 1 - np.unique(log.sessions[::-1], return_index=True)[1]
    for ends in (lasts, firsts):
        pages = log.pages[ends[np.argsort(firsts)]]
        alike = float((pages[1:] == pages[:-1]).mean()) if len(pages) > 1 else 0.0
        by_chance = float(((np.bincount(pages) / len(pages)) ** 2).sum())
        if alike > SORTED_SHARE and alike > SORTED_TIMES * by_chance:
            yield Suspicion("sorted", "", alike)
            return


def _leaks(log: Log, plan: Plan) -> Iterator[Suspicion]:
    """Whether a view's own attribute tells its page better than that of the view before: it came with the click.

    Every other session of the scored part says which pages go with which value, and the rest are looked at: what is
    read changes from day to day, what comes with a click does not.
    """
    rows = asked_rows(log, plan)
    is_other = log.sessions[rows] % 2 == 1
    learned, rows = rows[is_other], rows[~is_other]
    if plan.which == "landing" or not len(rows) or not len(learned):
        return
    previous = log.previous[rows]
    for name, attribute in log.attributes.items():
        top = _top_pages(log, attribute, learned)
        own, before = (_hits(log, top, attribute.codes[which], rows) for which in (rows, previous))
        gain = float(own.mean() - before.mean())
        if gain > CHANCES * math.sqrt((own != before).sum()) / len(rows):
            yield Suspicion("leak", name, gain / max(float(before.mean()), 1e-9))


def _top_pages(log: Log, attribute: Attribute, rows: npt.NDArray[np.integer]) -> Keys:
    """The keys of each value's most read pages."""
    keys, counts = np.unique(_keys(log, attribute.codes[rows], rows), return_counts=True)
    order = np.lexsort((-counts, keys // len(log.page_names)))
    values = keys[order] // len(log.page_names)
    starts = np.searchsorted(values, values)
    return np.asarray(keys[order][np.arange(len(values)) - starts < TOP])


def _hits(log: Log, top: Keys, codes: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]) -> Hits:
    return np.asarray(np.isin(_keys(log, codes, rows), top))


def _keys(log: Log, codes: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]) -> Keys:
    """A number for each pair of a value and the row's page."""
    return np.asarray(codes.astype(np.int64) * len(log.page_names) + log.pages[rows])


def _told_lengths(log: Log) -> Iterator[Suspicion]:
    """Whether an attribute that stays the same within a session tells how long it will get."""
    lengths = np.bincount(log.sessions)
    lengths = np.minimum(lengths[lengths > 0], 20)
    firsts = np.unique(log.sessions, return_index=True)[1]
    whole = _entropy(lengths)
    for name, attribute in log.attributes.items():
        values = attribute.codes[firsts]
        if whole and len(np.unique(values)) < len(values) / 4:
            told = 1 - (_entropy(values * 32 + lengths) - _entropy(values)) / whole
            if told > LENGTH_TOLD:
                yield Suspicion("length", name, told)


def _entropy(values: npt.NDArray[np.integer]) -> float:
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(shares * np.log2(shares)).sum())
