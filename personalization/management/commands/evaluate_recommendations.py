"""Replay what readers did and measure who would have recommended best."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError

from personalization.evaluation import likeness, own
from personalization.evaluation.catalogue import Catalogue, read_catalogue
from personalization.evaluation.contender import Contender
from personalization.evaluation.log import Log, shuffled
from personalization.evaluation.logs import read_log
from personalization.evaluation.measure import Report, measure
from personalization.evaluation.peers import PEERS, available
from personalization.evaluation.replay import Answers, asked_rows, sampled
from personalization.evaluation.report import as_plain, as_text
from personalization.evaluation.suspicions import suspicions
from personalization.management.evaluating.files import text_lines
from personalization.management.evaluating.options import add_log_arguments, add_plan_arguments, layout, plan
from personalization.management.evaluating.runs import Run
from personalization.management.evaluating.texts import content_of
from personalization.management.evaluating.words import suspicion_words
from personalization.visitors.viewing_log import viewing_log

REFITS: Final = 24
"""So often peers are fitted anew in the test, unless asked otherwise."""
Teams = Mapping[str, Callable[[], Sequence[Contender]]]


class Command(BaseCommand):
    help = (
        "Replay a log of views in time order, ask before each view of its last part what every source, every hybrid"
        " and every peer would have shown, and print how often that was right. Without --log the site's own events"
        " are replayed. Nothing is written to the database (docs/quality.md)."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_log_arguments(parser)
        add_plan_arguments(parser)
        group = parser.add_argument_group("the run")
        words = "own and peers (default: all of these); sequences, a fit of minutes, only by name"
        group.add_argument("--contenders", nargs="+", metavar="NAME", help=words)
        group.add_argument(
            "--refit", type=float, metavar="HOURS", help="how often peers are fitted (default: 24 times in the test)"
        )
        group.add_argument("--sample", type=int, default=20_000, help="score so many views, 0 all (default: 20000)")
        group.add_argument("--state", type=Path, metavar="FOLDER", help="keep answers here; go on after an interrupt")
        group.add_argument("--json", action="store_true", help="print JSON, not tables")

    def handle(self, *args: Any, **options: Any) -> None:
        log = self._log(options)
        catalogue = _catalogue(options["catalogue"], log)
        question = plan(log, options)
        for one in suspicions(log, question):
            self.stderr.write(self.style.WARNING(suspicion_words(one)))
        rows = asked_rows(log, question)
        if not len(rows):
            raise CommandError("No view of the test part can be asked for: its sessions have one page each.")
        chosen = sampled(log, rows, options["sample"] or len(rows))
        run = Run(log, question, chosen, options["state"], catalogue.digest if catalogue else "")
        hours = options["refit"] or _span_hours(log, question.start, question.stop) / REFITS
        content = partial(content_of, catalogue) if catalogue and catalogue.is_written else None
        ours = own.teams(question.start, content), own.on_request(question.start, content)
        answers = self._answers(run, self._teams(hours, options["contenders"], *ours))
        vectors = _vectors(log, question.start, catalogue)
        report = measure(log, question, answers, vectors, [PEERS[name].make(hours).name for name in PEERS])
        self._print(report, len(rows), options["json"])

    def _log(self, options: dict[str, Any]) -> Log:
        if options["log"] is None:
            try:
                return viewing_log(options["days"])
            except ValueError as error:
                raise CommandError(f"There is nothing to replay: {error} Name a file: --log.") from error
        with text_lines(options["log"]) as lines:
            log = read_log(lines, layout(options))
        return log if options["shuffle"] is None else shuffled(log, options["shuffle"])

    def _teams(self, hours: float, chosen: Sequence[str] | None, ours: Teams, on_request: Teams) -> Teams:
        """The product's own sources and hybrids, and the peers that are asked for and installed."""
        wanted = list(dict.fromkeys(chosen or (*ours, *PEERS)))
        ours = {**ours, **on_request}
        if unknown := [name for name in wanted if name not in ours and name not in PEERS]:
            raise CommandError(f"--contenders knows {', '.join((*ours, *PEERS))}, not {', '.join(unknown)}.")
        missing = [name for name in wanted if name in PEERS and not available(name)]
        if missing:
            self.stderr.write(f"{', '.join(missing)} are left out: pip install wagtail-affinity[eval]")
        made = {name: partial(_peer, name, hours) for name in PEERS} | dict(ours)
        return {name: made[name] for name in wanted if name not in missing}

    def _answers(self, run: Run, teams: Teams) -> list[Answers]:
        try:
            return [answers for name, make in teams.items() for answers in run.answers(name, make)]
        except KeyboardInterrupt:
            kept = "Give the same command to go on." if run.folder else "With --state FOLDER it could go on."
            raise CommandError(f"Interrupted. {kept}", returncode=130) from None

    def _print(self, report: Report, asked: int, is_json: bool) -> None:
        if is_json:
            self.stdout.write(json.dumps(as_plain(report), indent=1))
            return
        sampled_of = f", a sample of {asked}" if asked > report.lists else ""
        self.stdout.write(
            f"{report.lists} views scored{sampled_of}, by {report.groups} visitors; {report.pages} pages."
            " In brackets: 95 % intervals, visitors drawn anew.\n"
        )
        self.stdout.write(as_text(report))


def _peer(name: str, hours: float) -> Sequence[Contender]:
    return [PEERS[name].make(hours)]


def _catalogue(file: Path | None, log: Log) -> Catalogue | None:
    if file is None:
        return None
    with text_lines(file) as lines:
        return read_catalogue(lines, log.page_names, is_csv=".csv" in file.suffixes)


def _vectors(log: Log, stop: int, catalogue: Catalogue | None) -> likeness.Vectors:
    """By words where there are texts and scikit-learn, else by readers."""
    if catalogue and catalogue.is_written and find_spec("sklearn"):
        return likeness.by_words(catalogue)
    return likeness.by_readers(log, stop)


def _span_hours(log: Log, start: int, stop: int) -> float:
    return float(log.times[stop - 1] - log.times[start]) / 3600
