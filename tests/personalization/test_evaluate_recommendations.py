"""The command: figures that can be checked by hand, peers beside them, and an interrupt that loses nothing."""

from __future__ import annotations

import gzip
import json
import random
import uuid
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from personalization.evaluation.contender import Contender, SessionState
from personalization.evaluation.log import Log
from personalization.evaluation.logs import Layout, read_log
from personalization.evaluation.peers import PEERS
from personalization.evaluation.peers.popularity import Popularity
from personalization.evaluation.peers.transitions import Transitions
from personalization.evaluation.replay import Plan, answers, asked_rows
from personalization.evaluation.suspicions import suspicions
from personalization.management.evaluating.runs import Run
from personalization.models import Event
from personalization.visitors import store
from tests.factories import make_article, make_site

HOUR = 3600


def rounds(readers: int = 80, seed: int = 0, steps: int = 6) -> list[str]:
    """Readers who go round a ring of 30 pages from where they began, one now and then jumping."""
    random_ = random.Random(seed)
    rows = []
    for reader in range(readers):
        page, at = random_.randrange(30), reader * 600
        for _step in range(steps):
            rows.append(f"v{reader},p{page},{at},{random_.choice(['mobile', 'desktop'])}")
            page, at = (page + 1) % 30 if random_.random() < 0.8 else random_.randrange(30), at + 60
    return rows


@pytest.fixture
def log_file(tmp_path: Path) -> Path:
    file = tmp_path / "views.csv"
    file.write_text("\n".join(["visitor,page,time,device", *rounds()]) + "\n")
    return file


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> dict[str, Any]:
    call_command("evaluate_recommendations", "--json", *map(str, arguments))
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def means(report: dict[str, Any], metric: str = "nDCG@10") -> dict[str, float]:
    return {row["name"]: row["figures"][metric]["mean"] for row in report["rows"]}


def test_on_a_ring_the_next_page_is_found_by_those_who_look_at_steps(
    log_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run(capsys, "--log", log_file, "--attributes", "device=device", "--refit", 4, "--contenders", *PEERS)
    figures = means(report)
    assert {row["name"] for row in report["rows"]} == {peer.make(1.0).name for peer in PEERS.values()}
    assert report["rows"][0]["name"] == "transitions"
    assert figures["transitions"] > 0.7
    assert figures["popularity, all time"] < 0.4
    assert all(figures[name] > figures["popularity, all time"] for name in ("item-kNN", "EASE", "V-SKNN", "ALS"))
    assert {part["kind"] for part in report["parts"]} >= {"pages read before"}


def test_the_product_takes_part_by_its_own_code(log_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = means(run(capsys, "--log", log_file, "--contenders", "own", "transitions"))
    assert figures["source, transitions"] > 0.8 * figures["transitions"] > figures["source, trending"]
    assert {"hybrid, weighted", "hybrid, logistic", "hybrid, fallback", "hybrid, hard switch"} <= figures.keys()


def test_the_tables_name_every_peer_with_intervals(log_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("evaluate_recommendations", "--log", str(log_file), "--contenders", "popularity", "transitions")
    text = capsys.readouterr().out
    for words in (
        "HR@10",
        "nDCG@5",
        "coverage",
        "Gini",
        "transitions = 1",
        "nDCG@10 by pages read before",
        "popularity",
    ):
        assert words in text


def test_a_gzipped_log_gives_the_same(log_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = log_file.with_name("views.csv.gz")
    packed.write_bytes(gzip.compress(log_file.read_bytes()))
    chosen = ("--contenders", "transitions")
    assert run(capsys, "--log", packed, *chosen) == run(capsys, "--log", log_file, *chosen)


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    log = ring_log()
    plan = Plan(len(log) // 2, len(log), 0.0)
    rows = asked_rows(log, plan)

    class Impatient(Transitions):
        questions = 0
        patience = 20

        def rank(self, state: SessionState, n: int) -> Sequence[int]:
            type(self).questions += 1
            if type(self).questions == self.patience:
                raise KeyboardInterrupt
            return super().rank(state, n)

    run_ = Run(log, plan, rows, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_.answers("team", lambda: [Impatient()])
    resumed = run_.answers("team", lambda: [Impatient()])
    assert Impatient.questions == len(rows) + 1  # the one that failed is asked again, no other
    assert (resumed[0].lists == answers(log, plan, [Transitions()])[0].lists).all()
    assert (run_.answers("team", lambda: [Impatient()])[0].lists == resumed[0].lists).all()
    assert Impatient.questions == len(rows) + 1


def test_another_question_is_not_answered_from_an_old_state(tmp_path: Path) -> None:
    log = ring_log()
    for stop in (len(log) - 50, len(log)):
        plan = Plan(len(log) // 2, stop, 0.0)
        rows = asked_rows(log, plan)
        (given,) = Run(log, plan, rows, tmp_path).answers("team", lambda: [Popularity()])
        assert len(given.lists) == len(rows)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--log", "nowhere.csv"), "nowhere.csv: No such file"),
        (("--columns", "page=article"), "no column 'article' for the page"),
        (("--columns", "article=page"), "--columns knows page, path"),
        (("--contenders", "everybody"), "--contenders knows"),
        (("--test-from", "2300-01-01"), "nothing to score"),
    ],
)
def test_a_wrong_option_is_named_with_its_mending(log_file: Path, arguments: Sequence[str], words: str) -> None:
    with pytest.raises(CommandError, match=words.replace("-", ".")):
        call_command("evaluate_recommendations", "--log", str(log_file), *arguments)


def test_a_cut_gzip_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "views.csv.gz"
    file.write_bytes(gzip.compress("\n".join(["visitor,page,time", *rounds()]).encode())[:-20])
    with pytest.raises(CommandError, match="cut off"):
        call_command("evaluate_recommendations", "--log", str(file))


def ring_log(*more: str, attributes: dict[str, str] | None = None) -> Log:
    rows = ["visitor,page,time,device", *rounds(), *more]
    return read_log(rows, Layout(attributes=attributes or {}))


def found(log: Log) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in suspicions(log, Plan(len(log) * 3 // 4, len(log), 0.0))}


def test_an_honest_log_raises_no_suspicion() -> None:
    random_ = random.Random(1)
    rows = [
        f"v{n},p{int(random_.paretovariate(0.5)) % 400},{n * HOUR + step},{random_.choice('md')}"
        for n in range(300)
        for step in range(random_.randrange(1, 9))
    ]
    log = read_log(["visitor,page,time,device", *rows], Layout(attributes={"device": "device"}))
    assert found(log) == set()


def test_readers_who_are_there_twice_are_suspected() -> None:
    twins = [f"w{row[1:]}" for row in rounds()]
    assert ("twins", "") in found(ring_log(*twins))


def test_rows_sorted_by_where_sessions_end_are_suspected() -> None:
    paths = sorted((f"{a};{b};end{a % 7}" for a in range(40) for b in range(3)), key=lambda path: path.split(";")[-1])
    layout = Layout(columns={"path": "1"}, has_header=False)
    assert ("sorted", "") in found(read_log(paths, layout))


def test_an_attribute_that_comes_with_the_click_is_suspected() -> None:
    rows = [",".join([*row.split(",")[:3], row.split(",")[1][-1]]) for row in rounds()]
    log = read_log(["visitor,page,time,device", *rows], Layout(attributes={"digit": "device"}))
    assert ("leak", "digit") in found(log)


def test_an_attribute_that_tells_how_long_a_session_gets_is_suspected() -> None:
    rows = [f"v{n},p{(n + step) % 9},{n * HOUR + step},{n % 4 + 1}" for n in range(60) for step in range(n % 4 + 1)]
    log = read_log(["visitor,page,time,size", *rows], Layout(attributes={"size": "size"}))
    assert ("length", "size") in found(log)


@pytest.mark.parametrize("name", PEERS)
def test_every_peer_keeps_the_rules_before_and_after_it_has_seen_anything(name: str) -> None:
    peer: Contender = PEERS[name].make(1.0)
    assert list(peer.rank(SessionState(0, 0, 0.0), 5)) == []
    log = ring_log()
    given = answers(log, Plan(10, len(log), HOUR), [PEERS[name].make(1.0)], most=40)[0]
    late = given.lists[len(given.lists) // 2 :]
    assert (late >= 0).all()  # filled with what is popular
    assert len(np.unique(late[0])) == 10


@pytest.mark.django_db
def test_the_site_s_own_events_are_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    site = make_site()
    pages = [make_article(site).pk for _ in range(4)]
    start = timezone.now() - timedelta(days=2)
    for number in range(30):
        reader = store.create_visitor()
        Event.objects.bulk_create(
            Event(event_id=uuid.uuid4(), visitor_id=reader, kind=kind, page_id=page, at=at, device="mobile")
            for step, page in enumerate(pages)
            for at in [start + timedelta(hours=number, minutes=step)]
            for kind in ("view", "dwell")
        )
    report = run(capsys, "--contenders", "transitions", "--days", 7)
    assert report["pages"] == 4
    assert report["lists"] == 18  # three steps of each of the last six readers
    assert means(report, "HR@5")["transitions"] == 1.0


@pytest.mark.django_db
def test_a_site_without_readers_is_told_what_to_do() -> None:
    with pytest.raises(CommandError, match="Name a file"):
        call_command("evaluate_recommendations")
