"""The table of an evaluation, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .metrics import METRICS, Figure, Labels, Scores, figure
from .reliability import Bin, calibration_error

NAME_WIDTH, CELL_WIDTH = 36, 22


@dataclass(frozen=True, slots=True)
class Row:
    """One method: how many pages it learned from, and a figure for each of METRICS."""

    name: str
    labels: int
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class EntityRow:
    """One recogniser on one part of the names: how many these are; precision, recall and F1."""

    name: str
    part: str
    names: int
    figures: tuple[Figure, ...]


def row(name: str, labels: int, scores: Scores, truth: Labels) -> Row:
    """Score one method on the test part."""
    return Row(name, labels, tuple(figure(metric(scores, truth)) for metric in METRICS.values()))


def table(rows: Sequence[Row]) -> str:
    """All methods, with 95 % intervals."""
    head = " " * NAME_WIDTH + "labels  " + "".join(name.ljust(CELL_WIDTH) for name in METRICS)
    return "\n".join([head.rstrip(), *(_line(one) for one in rows)])


def entity_table(rows: Sequence[EntityRow]) -> str:
    """All recognisers, with 95 % intervals."""
    head = " " * NAME_WIDTH + " names  " + "".join(name.ljust(CELL_WIDTH) for name in ("P", "R", "F1"))
    lines = (f"{one.name}, {one.part} " for one in rows)
    return "\n".join(
        [head.rstrip(), *(_cells(line, one.names, one.figures) for line, one in zip(lines, rows, strict=True))]
    )


def _line(one: Row) -> str:
    return _cells(one.name, one.labels, one.figures)


def _cells(name: str, count: int, figures: Sequence[Figure]) -> str:
    cells = (f"{f.mean:.3f} [{f.low:.3f}, {f.high:.3f}]".ljust(CELL_WIDTH) for f in figures)
    return f"{name:<{NAME_WIDTH}}{count:>6}  {''.join(cells)}".rstrip()


def reliability_table(bins: Sequence[Bin]) -> str:
    """Promised against kept: a plot in letters, a bar of `#` for the share that was right."""
    lines = ["topics   promised   right"]
    lines += [f"{one.count:>6}   {one.promised:>8.2f}   {one.kept:>5.2f}  {'#' * round(one.kept * 40)}" for one in bins]
    lines.append(f"On average, promised and right differ by {calibration_error(bins):.3f}.")
    return "\n".join(lines)
