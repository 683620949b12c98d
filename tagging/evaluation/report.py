"""The table of an evaluation, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .metrics import METRICS, Figure, Labels, Scores, figure
from .reliability import Bin, calibration_error

NAME_WIDTH, CELL_WIDTH = 32, 22


@dataclass(frozen=True, slots=True)
class Row:
    """One method: how many pages it learned from, and a figure for each of METRICS."""

    name: str
    labels: int
    figures: tuple[Figure, ...]


def row(name: str, labels: int, scores: Scores, truth: Labels) -> Row:
    """Score one method on the test part."""
    return Row(name, labels, tuple(figure(metric(scores, truth)) for metric in METRICS.values()))


def table(rows: Sequence[Row]) -> str:
    """All methods, with 95 % intervals."""
    head = " " * NAME_WIDTH + "labels  " + "".join(name.ljust(CELL_WIDTH) for name in METRICS)
    return "\n".join([head.rstrip(), *(_line(one) for one in rows)])


def _line(one: Row) -> str:
    cells = (f"{f.mean:.3f} [{f.low:.3f}, {f.high:.3f}]".ljust(CELL_WIDTH) for f in one.figures)
    return f"{one.name:<{NAME_WIDTH}}{one.labels:>6}  {''.join(cells)}".rstrip()


def reliability_table(bins: Sequence[Bin]) -> str:
    """Promised against kept: a plot in letters, a bar of `#` for the share that was right."""
    lines = ["topics   promised   right"]
    lines += [f"{one.count:>6}   {one.promised:>8.2f}   {one.kept:>5.2f}  {'#' * round(one.kept * 40)}" for one in bins]
    lines.append(f"On average, promised and right differ by {calibration_error(bins):.3f}.")
    return "\n".join(lines)
