"""From what contenders gave to the figures of a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tagging.evaluation.metrics import Figure

from .bootstrap import RESAMPLES, Bootstrap, bootstrap
from .likeness import Vectors
from .log import Log
from .metrics import METRICS, coverage, gini, intra_list_similarity, novelty, shown, top_share
from .replay import Answers, Plan

MAIN: Final = "nDCG@10"
PART_METRICS: Final = ("HR@10", MAIN)
HISTORY: Final = {
    "no page before": (0, 0),
    "1 page": (1, 1),
    "2 pages": (2, 2),
    "3 to 5": (3, 5),
    "6 or more": (6, 10**9),
}
MOST_VALUES, LEAST_LISTS = 6, 100  # of an attribute: the most frequent values, where they have enough lists


@dataclass(frozen=True, slots=True)
class Row:
    """One contender. `figures` has one for each of METRICS; the rest is about the lists as a whole.

    `coverage`, `gini` and `top_share` are in [0, 1], `novelty` in bits, `similarity` a cosine.
    """

    name: str
    figures: Mapping[str, Figure]
    coverage: float
    novelty: float
    similarity: float
    gini: float
    top_share: float


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the lists: those of readers with such a history or attribute. `figures[contender][metric]`."""

    kind: str
    value: str
    lists: int
    figures: Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One contender beside another by MAIN, on the same resamples: a paired difference and ratio."""

    name: str
    against: str
    difference: Figure
    ratio: Figure | None


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a run, best first by MAIN. `groups` are the visitors or sessions that were resampled."""

    lists: int
    groups: int
    pages: int
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    parts: tuple[Part, ...]


def measure(
    log: Log,
    plan: Plan,
    answers: Sequence[Answers],
    vectors: Vectors,
    reference: Sequence[str] = (),
    resamples: int = RESAMPLES,
) -> Report:
    """Score all answers, which must be about the same rows. Visitors are resampled: all that one visitor did at once.

    `reference` names those with whom all are compared: the best of them. Raises ValueError where no row was asked.
    """
    rows = answers[0].rows
    ranks = [one.ranks(log) for one in answers]
    groups = log.visitors[rows]
    values = np.stack([np.stack([metric(own) for metric in METRICS.values()]) for own in ranks])
    drawn = bootstrap(values, groups, resamples)
    views = np.bincount(log.pages[: plan.start], minlength=len(log.page_names))
    order = np.argsort(-drawn.means[:, list(METRICS).index(MAIN)], kind="stable").tolist()
    return Report(
        len(rows),
        len(np.unique(groups)),
        len(log.page_names),
        tuple(_row(answers[number], drawn, number, views, vectors) for number in order),
        tuple(_comparisons([one.name for one in answers], drawn, order, reference)),
        tuple(_parts(log, rows, [one.name for one in answers], values, resamples)),
    )


def _row(given: Answers, drawn: Bootstrap, number: int, views: npt.NDArray[np.integer], vectors: Vectors) -> Row:
    exposure = shown(given.lists, len(views))
    return Row(
        given.name,
        {name: drawn.figure(number, metric) for metric, name in enumerate(METRICS)},
        coverage(exposure),
        novelty(given.lists, views),
        intra_list_similarity(given.lists, vectors),
        gini(exposure),
        top_share(exposure),
    )


def _comparisons(
    names: Sequence[str], drawn: Bootstrap, order: Sequence[int], reference: Sequence[str]
) -> Iterator[Comparison]:
    best = next((number for number in order if names[number] in reference), None)
    if best is None:
        return
    main = list(METRICS).index(MAIN)
    for number in order:
        if number != best:
            difference, ratio = drawn.difference(number, best, main), drawn.ratio(number, best, main)
            yield Comparison(names[number], names[best], difference, ratio)


def _parts(
    log: Log, rows: npt.NDArray[np.int32], names: Sequence[str], values: npt.NDArray[np.float64], resamples: int
) -> Iterator[Part]:
    metrics = [list(METRICS).index(name) for name in PART_METRICS]
    for kind, value, chosen in (*_by_history(log, rows), *_by_attribute(log, rows)):
        drawn = bootstrap(values[:, metrics][..., chosen], log.visitors[rows[chosen]], resamples)
        figures = {
            name: {metric: drawn.figure(number, place) for place, metric in enumerate(PART_METRICS)}
            for number, name in enumerate(names)
        }
        yield Part(kind, value, int(chosen.sum()), figures)


Chosen = tuple[str, str, npt.NDArray[np.bool_]]


def _by_history(log: Log, rows: npt.NDArray[np.int32]) -> Iterator[Chosen]:
    places = log.places[rows]
    for value, (least, most) in HISTORY.items():
        chosen = (places >= least) & (places <= most)
        if chosen.any():
            yield "pages read before", value, chosen


def _by_attribute(log: Log, rows: npt.NDArray[np.int32]) -> Iterator[Chosen]:
    """By the attributes of the view before: the view's own are not known when it is recommended."""
    previous = log.previous[rows]
    for name, attribute in log.attributes.items():
        codes = np.where(previous >= 0, attribute.codes[previous], -1)
        counts = np.bincount(codes[codes >= 0], minlength=len(attribute.values))
        for code in np.argsort(-counts, kind="stable")[:MOST_VALUES].tolist():
            if counts[code] >= LEAST_LISTS:
                yield name, attribute.values[code] or "(empty)", codes == code
