"""Figures that can be checked by hand, splits that do not look ahead, and a table that holds them all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from tagging.evaluation import ours, peers
from tagging.evaluation.corpus import read_corpus
from tagging.evaluation.entities import entity_rows, read_entities
from tagging.evaluation.metrics import figure, precision_at_1, ranking_precision, recall_at_3
from tagging.evaluation.reliability import calibration_error, interval, reliability
from tagging.exceptions import ModelUnavailable
from tagging.testing import FakeEmbedder, FakeRecognizer

SUBJECTS = {"rivers": "salmon", "railways": "sleepers", "bread": "sourdough"}


def post(number: int, subject: str, *more: str) -> dict[str, object]:
    return {
        "date": f"20{10 + number // 12}-{number % 12 + 1:02}-01 10:00:00 -0400",
        "title": f"News {number}",
        "summary": f"On {SUBJECTS[subject]}",
        "text": f"# {subject.title()}\n\nA **long** [read](https://example.org/x) of {SUBJECTS[subject]} and more.",
        "tags": [subject, *more],
    }


def posts(count: int = 60) -> list[dict[str, object]]:
    return [post(number, list(SUBJECTS)[number % 3]) for number in range(count)]


def topics() -> list[dict[str, object]]:
    return [{"slug": s, "title": s.title(), "deck": f"All about {s}", "summary": None} for s in SUBJECTS]


def lines(rows: list[dict[str, object]]) -> list[str]:
    return [json.dumps(row) for row in rows]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "posts.jsonl").write_text("\n".join(lines(posts())))
    (tmp_path / "topics.jsonl").write_text("\n".join(lines(topics())))
    return tmp_path


@pytest.fixture
def fake_embedder(monkeypatch):
    embedder = FakeEmbedder()
    monkeypatch.setattr("tagging.management.commands.evaluate_tagging.get_embedder", lambda: embedder)
    return embedder


def test_figures_of_one_page_by_hand():
    scores = np.array([[0.9, 0.5, 0.4, 0.3, 0.1]])
    labels = np.array([[True, False, False, True, False]])
    assert precision_at_1(scores, labels).tolist() == [1]
    assert recall_at_3(scores, labels).tolist() == [0.5]
    assert ranking_precision(scores, labels) == pytest.approx([(1 / 1 + 2 / 4) / 2])


def test_a_method_that_knows_nothing_gains_nothing_from_ties():
    labels = np.array([[False, False, True, False]])
    assert ranking_precision(np.zeros((1, 4)), labels).tolist() == [0.25]


def test_the_interval_holds_the_mean_and_shrinks_with_more_pages():
    some, many = figure(np.array([0.0, 1.0] * 20)), figure(np.array([0.0, 1.0] * 500))
    assert some.low < some.mean == 0.5 < some.high
    assert many.high - many.low < some.high - some.low


def test_reliability_tells_what_was_promised_and_what_was_kept():
    bins = reliability(np.array([0.9, 0.8, 0.1, 1.0]), np.array([True, False, False, True]), (0.0, 0.5, 1.0))
    assert [(one.count, one.promised, one.kept) for one in bins] == [
        (1, pytest.approx(0.1), 0),
        (3, pytest.approx(0.9), pytest.approx(2 / 3)),
    ]
    assert calibration_error(bins) == pytest.approx((0.1 + 3 * (0.9 - 2 / 3)) / 4)
    assert calibration_error([]) == 0


@given(st.integers(1, 500), st.data())
def test_the_interval_of_a_share_holds_it_and_stays_between_none_and_all(count, data):
    share = data.draw(st.integers(0, count)) / count
    least, most = interval(share, count)
    assert 0 <= least <= share <= most <= 1
    assert interval(share, 4 * count)[1] - interval(share, 4 * count)[0] < most - least


def test_pages_are_split_by_date_whatever_their_order():
    corpus = read_corpus(lines(posts()[::-1]), lines(topics()))
    learn, tune, test = corpus.split()
    assert [part.stop - part.start for part in (learn, tune, test)] == [42, 9, 9]
    assert corpus.days[learn].max() <= corpus.days[tune].min() <= corpus.days[tune].max() <= corpus.days[test].min()


def test_rare_topics_and_pages_without_a_topic_are_left_out():
    rare = [post(number, "rivers", "comets") for number in range(9)] + [{**post(9, "rivers"), "tags": ["comets"]}]
    known = [*topics(), {"slug": "comets", "title": "Comets", "deck": "", "summary": ""}]
    corpus = read_corpus(lines(posts() + rare[:5] + [{**rare[9], "tags": ["unheard-of"]}]), lines(known))
    assert [topic.name for topic in corpus.topics] == ["Bread", "Railways", "Rivers"]
    assert len(corpus.pages) == 65


def test_markdown_is_read_as_prose():
    row = {**post(0, "rivers"), "text": '{{< img src=x >}}\n## A *fine* day\n\n* one [link](/a "b")\n\n```\ncode\n```'}
    page = read_corpus(lines([row, *posts()]), lines(topics())).pages[0]
    assert page.body == ("A fine day", "one link")


def test_the_substring_peer_finds_words_inside_words():
    corpus = read_corpus(lines([{**post(n, "bread"), "text": "Gingerbread"} for n in range(10)]), lines(topics()))
    assert peers.substring_of_name(corpus, slice(0, 1)).tolist() == [[1.0]]


def test_only_the_newest_decisions_of_the_learning_part_are_used():
    corpus = read_corpus(lines(posts()), lines(topics()))
    vectors = np.eye(60, dtype=np.float32)
    known = ours.decisions(corpus, vectors, 5)
    assert known is not None
    assert known.page_ids == (37, 38, 39, 40, 41)
    assert known.age_days[-1] == 0
    assert ours.decisions(corpus, vectors, 0) is None


@pytest.mark.usefixtures("fake_embedder")
def test_the_command_prints_ours_beside_the_peers(folder, capsys):
    call_command("evaluate_tagging", str(folder))
    printed = capsys.readouterr().out
    assert "60 pages, 3 topics; 9 pages scored." in printed
    for name in ("substring of the topic's name", "cosine to the topic's name", "TF-IDF", "vectors + logistic"):
        assert name in printed
    table = [line.split() for line in printed.splitlines() if line.startswith("ours")]
    assert [line[1] for line in table] == ["0", "42"]
    assert float(table[-1][2]) >= 0.9


def test_vectors_are_kept_and_made_anew_when_a_page_changes(folder, tmp_path, fake_embedder):
    kept = str(tmp_path / "v.npz")
    call_command("evaluate_tagging", str(folder), vectors=Path(kept))
    first = len(fake_embedder.calls)
    call_command("evaluate_tagging", str(folder), vectors=Path(kept))
    again = len(fake_embedder.calls) - first
    (folder / "posts.jsonl").write_text("\n".join(lines([*posts(59), {**post(59, "bread"), "title": "Changed"}])))
    call_command("evaluate_tagging", str(folder), vectors=Path(kept))
    assert again < first
    assert len(fake_embedder.calls) - first - again == first


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [("topics.jsonl", None, "topics.jsonl"), ("posts.jsonl", "{}", "date"), ("posts.jsonl", "", "too few")],
)
def test_what_cannot_be_read_is_said_in_one_line(folder, name, content, says):
    file = folder / name
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    with pytest.raises(CommandError, match=says):
        call_command("evaluate_tagging", str(folder))


def test_importing_the_evaluation_loads_no_learning_library():
    code = (
        "import sys, django; django.setup(); import tagging.evaluation.ours, tagging.evaluation.peers\n"
        "print({'sklearn', 'torch', 'sentence_transformers'} & set(sys.modules))"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "cms_site.settings", "DATABASE_URL": "postgres:///unused"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


MARKED = """
Ada\tB-PER
Lovelace\tI-PER
met\tO
UNESCO\tB-ORG
.\tO

They\tO
sailed\tO
the\tO
Danube\tB-LOC
"""


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    (tmp_path / "entities.conll").write_text(MARKED)
    return tmp_path


def rows_of(examples, recognizer):
    rows = entity_rows("it", recognizer, examples, "en", lambda steps, desc: steps)
    return {row.part: (row.names, *(figure.mean for figure in row.figures)) for row in rows}


def test_names_are_right_where_characters_and_kind_are(marked):
    recognizer = FakeRecognizer({"Ada Lovelace": "PER", "UNESCO": "LOC", "sailed": "MISC"})
    rows = rows_of(read_entities(marked / "entities.conll"), recognizer)
    assert rows["all"] == (3, pytest.approx(1 / 2), pytest.approx(1 / 3), pytest.approx(2 / 5))
    assert rows["PER"] == (1, 1, 1, 1)
    assert rows["ORG"] == (1, 0, 0, 0)
    assert rows["LOC"] == (1, 0, 0, 0)


def test_names_are_looked_for_in_other_cases_too(marked):
    rows = rows_of(read_entities(marked / "entities.conll"), FakeRecognizer({"UNESCO": "ORG", "ADA LOVELACE": "PER"}))
    assert rows["all"][3] == pytest.approx(2 / 4)
    assert rows["UPPER CASE"][3] == pytest.approx(4 / 5)
    assert rows["lower case"][3] == 0


def test_intervals_of_names_hold_the_mean(marked):
    examples = read_entities(marked / "entities.conll") * 20
    row = next(entity_rows("it", FakeRecognizer({"UNESCO": "ORG"}), examples, "en", lambda steps, desc: steps))
    for one in row.figures:
        assert 0 <= one.low <= one.mean <= one.high <= 1
    assert row.figures[1].low < row.figures[1].mean < row.figures[1].high


@pytest.fixture
def recognizers(monkeypatch):
    command = "tagging.management.commands.evaluate_tagging"
    monkeypatch.setattr(f"{command}.named_recognizer", lambda name, language: FakeRecognizer({name: "PER"}))
    monkeypatch.setattr(f"{command}.peers.installed_pipelines", lambda language: [f"{language}_core_web_sm"])


@pytest.mark.usefixtures("recognizers", "fake_embedder")
def test_the_command_prints_names_beside_the_peers(folder, marked, capsys):
    call_command("evaluate_tagging", str(folder))
    printed = capsys.readouterr().out
    assert "60 pages, 3 topics" in printed
    assert "Names in 2 sentences" in printed
    for name in ("ours, head on MiniLM, Title Case ", "ours, CNN, ORG", "ours, rules, all", "en_core_web_sm, all"):
        assert name in printed


@pytest.mark.usefixtures("recognizers")
def test_names_alone_and_in_other_languages(tmp_path, marked, capsys):
    file = (marked / "entities.conll").rename(marked / "mine.conll")
    call_command("evaluate_tagging", str(tmp_path), entities=file, language="pt")
    printed = capsys.readouterr().out
    assert "ours, rules, all" in printed
    assert "pt_core_web_sm, all" in printed
    assert "MiniLM" not in printed
    assert "topics" not in printed


@pytest.mark.parametrize(("content", "says"), [("", "no sentence"), ("Ada PERSON\n", "'PERSON'")])
def test_marked_sentences_that_cannot_be_read_are_said_in_one_line(tmp_path, content, says):
    (tmp_path / "entities.conll").write_text(content)
    with pytest.raises(CommandError, match=says):
        call_command("evaluate_tagging", str(tmp_path))


def test_a_recogniser_that_is_not_installed_is_left_out(marked, monkeypatch, capsys):
    def missing(self, texts):
        raise ModelUnavailable("Install it.")

    monkeypatch.setattr(FakeRecognizer, "recognize", missing)
    monkeypatch.setattr(
        "tagging.management.commands.evaluate_tagging._recognizers", lambda language: [("theirs", FakeRecognizer())]
    )
    call_command("evaluate_tagging", str(marked))
    assert "theirs is left out: Install it." in capsys.readouterr().err
