"""A report as text and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from tagging.evaluation.metrics import Figure

from .measure import Comparison, Part, Report, Row
from .metrics import LENGTHS

NAME, CELL, NUMBER = 30, 22, 12


def as_text(report: Report) -> str:
    """All tables, contenders best first by nDCG@10; in brackets 95 % intervals."""
    return "\n\n".join("\n".join(lines) for lines in _tables(report))


def as_plain(report: Report) -> dict[str, Any]:
    """The same as dictionaries, lists, strings and numbers."""
    return asdict(report)


def _tables(report: Report) -> Iterator[list[str]]:
    for length in reversed(LENGTHS):
        yield list(_accuracy(report.rows, length))
    yield list(_lists(report.rows))
    if report.comparisons:
        yield list(_compared(report.comparisons))
    for kind, parts in groupby(report.parts, key=lambda part: part.kind):
        yield list(_part(kind, list(parts), [row.name for row in report.rows]))


def _accuracy(rows: Sequence[Row], length: int) -> Iterator[str]:
    names = [f"{name}@{length}" for name in ("HR", "nDCG", "MRR")]
    yield _line("", names, CELL)
    for row in rows:
        yield _line(row.name, (_cell(row.figures[name]) for name in names), CELL)


def _lists(rows: Sequence[Row]) -> Iterator[str]:
    yield _line("of all lists", ("coverage", "novelty", "similarity", "Gini", "top 1 %"), NUMBER)
    for row in rows:
        numbers = (row.coverage, row.novelty, row.similarity, row.gini, row.top_share)
        yield _line(row.name, (f"{number:.3f}" for number in numbers), NUMBER)


def _compared(comparisons: Sequence[Comparison]) -> Iterator[str]:
    yield _line(f"nDCG@10, {comparisons[0].against} = 1", ("ratio", "difference"), CELL + 6)
    for one in comparisons:
        ratio = _cell(one.ratio) if one.ratio else "-"
        yield _line(one.name, (ratio, _cell(one.difference, "+.4f")), CELL + 6)


def _part(kind: str, parts: Sequence[Part], names: Sequence[str]) -> Iterator[str]:
    yield _line(f"nDCG@10 by {kind}", (part.value for part in parts), CELL)
    yield _line("lists", (str(part.lists) for part in parts), CELL)
    for name in names:
        yield _line(name, (_cell(part.figures[name]["nDCG@10"]) for part in parts), CELL)


def _cell(figure: Figure, form: str = ".3f") -> str:
    return f"{figure.mean:{form}} [{figure.low:{form}}, {figure.high:{form}}]"


def _line(name: str, cells: Iterable[str], width: int) -> str:
    return (name[: NAME - 1].ljust(NAME) + "".join(cell[: width - 1].ljust(width) for cell in cells)).rstrip()
