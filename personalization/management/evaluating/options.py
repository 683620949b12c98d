"""The command's options, and what they say of the log and of what is asked."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandError

from personalization.evaluation.log import VISIT_GAP_MINUTES, Log
from personalization.evaluation.logs import ROLES, Layout
from personalization.evaluation.replay import Plan

from .files import is_tabbed


def add_log_arguments(parser: ArgumentParser) -> None:
    """Which log, and how it is written."""
    group = parser.add_argument_group("the log")
    group.add_argument(
        "--log", type=Path, metavar="FILE", help="CSV or TSV, may be gzipped; else the site's own events"
    )
    group.add_argument("--catalogue", type=Path, metavar="FILE", help="texts and facts of the pages: JSON Lines or CSV")
    group.add_argument("--days", type=int, default=28, help="of the site's own events (default: 28)")
    group.add_argument(
        "--columns",
        nargs="+",
        type=_pair,
        default=[],
        metavar="ROLE=COLUMN",
        help=f"what the log calls {', '.join(ROLES)}; a number from 1 where it has no header. path: a whole session"
        " in one cell",
    )
    group.add_argument(
        "--attributes", nargs="+", type=_pair, default=[], metavar="NAME=COLUMN", help="such as device=click_device"
    )
    group.add_argument("--delimiter", help="between columns (default: tab in .tsv, else comma)")
    group.add_argument("--no-header", action="store_true", help="the first line is a view already")
    group.add_argument("--comment", default="", metavar="MARK", help="leave out lines that begin so, such as #")
    group.add_argument("--path-separator", default=";", metavar="MARK", help="between the pages of a path (default: ;)")
    group.add_argument("--back", default="", metavar="WORD", help="what stands in a path for a step back, such as <")
    group.add_argument(
        "--gap", type=float, default=VISIT_GAP_MINUTES, metavar="MINUTES", help="a pause that ends a session"
    )
    group.add_argument("--shuffle", type=int, metavar="SEED", help="whole sessions in random order; no times needed")


def add_plan_arguments(parser: ArgumentParser) -> None:
    """What is asked."""
    group = parser.add_argument_group("the question")
    group.add_argument(
        "--test-share", type=float, default=0.2, help="the last part of the sessions or views (default: 0.2)"
    )
    group.add_argument("--test-from", type=_moment, metavar="MOMENT", help="such as 2026-11-01, in UTC")
    group.add_argument("--test-until", type=_moment, metavar="MOMENT", help="leave out what comes from then on")
    group.add_argument(
        "--refresh",
        type=_minutes,
        default=3600.0,
        metavar="MINUTES",
        help="how old counters get; never: the test is not learned from (default: 60; never without times)",
    )
    group.add_argument(
        "--landing", action="store_true", help="ask for the first page of sessions, not for the next ones"
    )
    group.add_argument(
        "--allow-seen", action="store_true", help="only the current page is left out, not all that the session has read"
    )


def layout(options: dict[str, Any]) -> Layout:
    """How the log is written."""
    columns = dict(options["columns"])
    if unknown := columns.keys() - set(ROLES):
        raise CommandError(f"--columns knows {', '.join(ROLES)}, not {', '.join(sorted(unknown))}.")
    delimiter = options["delimiter"] or ("\t" if is_tabbed(options["log"]) else ",")
    return Layout(
        {role: role for role in ROLES} | columns if not options["no_header"] else columns,
        dict(options["attributes"]),
        "\t" if delimiter in ("\\t", "tab") else delimiter,
        not options["no_header"],
        options["comment"],
        options["path_separator"],
        options["back"],
        options["gap"],
    )


def plan(log: Log, options: dict[str, Any]) -> Plan:
    """Where the test begins and ends, and how fresh counters are in it."""
    stop = int(np.searchsorted(log.times, options["test_until"])) if options["test_until"] else len(log)
    start = _start(log, stop, options)
    if not 0 < start < stop:
        raise CommandError("There is nothing to learn from or nothing to score. Check --test-from and --test-until.")
    return Plan(
        start,
        stop,
        options["refresh"] if log.is_timed else None,
        "landing" if options["landing"] else "next",
        not options["allow_seen"],
    )


def _start(log: Log, stop: int, options: dict[str, Any]) -> int:
    if options["test_from"] is not None:
        if not log.is_timed:
            raise CommandError("The log has no times: give --test-share, not --test-from.")
        return int(np.searchsorted(log.times, options["test_from"]))
    if not 0 < options["test_share"] < 1:
        raise CommandError("--test-share is between 0 and 1.")
    if log.is_timed:
        return round(stop * (1.0 - float(options["test_share"])))
    firsts = np.sort(np.unique(log.sessions, return_index=True)[1])
    return int(firsts[min(len(firsts) - 1, int(len(firsts) * (1 - options["test_share"])))])


def _pair(text: str) -> tuple[str, str]:
    name, mark, column = text.partition("=")
    if not (name and mark and column):
        raise ArgumentTypeError(f"{text!r} is not written as NAME=COLUMN")
    return name, column


def _moment(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no moment such as 2026-11-01 or 2026-11-01T06:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _minutes(text: str) -> float | None:
    if text == "never":
        return None
    try:
        value = float(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is neither a number of minutes nor never") from None
    if value < 0:
        raise ArgumentTypeError("counters cannot be younger than now")
    return value * 60
