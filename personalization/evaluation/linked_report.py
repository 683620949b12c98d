"""The tables of how well related pages are found, as text."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tagging.evaluation.metrics import Figure

from .bootstrap import bootstrap
from .linked import METRICS, Array, Rows

NAME, CELL = 34, 24


def table(found: Mapping[str, Array], sources: Rows, against: str) -> str:
    """A line for each method, with 95 % intervals by resampling linking pages, and its nDCG divided by that of
    `against`, both on the same pages.
    """
    names = list(found)
    drawn = bootstrap(_stacked(found), sources)
    lines = ["".join(["".ljust(NAME), *(metric.ljust(CELL) for metric in METRICS), f"÷ {against}"])]
    for number, name in enumerate(names):
        ratio = drawn.ratio(number, names.index(against), 0)
        figures = [drawn.figure(number, metric) for metric in range(len(METRICS))]
        lines.append(
            "".join([name.ljust(NAME), *(_cell(one).ljust(CELL) for one in figures), _cell(ratio) if ratio else "-"])
        )
    return "\n".join(lines)


def gain(new: Array, old: Array, sources: Rows) -> Figure:
    """How much nDCG@10 rises from the old to the new, with its 95 % interval."""
    return bootstrap(_stacked({"new": new, "old": old}), sources).difference(0, 1, 0)


def _stacked(found: Mapping[str, Array]) -> Array:
    return np.stack(list(found.values()))


def _cell(figure: Figure) -> str:
    return f"{figure.mean:.3f} [{figure.low:.3f}, {figure.high:.3f}]"
