"""Related pages measured against editors' links, from files and on the site's own."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from wagtail.models import ReferenceIndex

from personalization.evaluation.linked import Tuner, halves, measured
from personalization.evaluation.peers import words
from personalization.management.evaluating import linking
from personalization.operations.links import page_links
from personalization.recommendation.related import SIGNALS
from tagging import embedding, ner
from tagging.operations import analyze_batch
from tagging.testing import FakeEmbedder, FakeRecognizer
from tagging.types import PageText
from tests.factories import make_article, make_site

SUBJECTS = ("rivers and floods", "bread and ovens", "trains and rails", "stars and telescopes")


@pytest.fixture
def embedder(monkeypatch):
    fake = FakeEmbedder("fake")
    monkeypatch.setattr("tagging.evaluation.linked.get_embedder", lambda: fake)
    monkeypatch.setattr("tagging.evaluation.linked.current_name", lambda: fake.name)
    return fake


@pytest.fixture
def files(tmp_path, embedder):
    """Forty posts on four subjects, each linking to the next one on its own."""
    posts = [
        {
            "id": f"post-{number}.md",
            "title": f"Note {number}",
            "text": f"All about {SUBJECTS[number % 4]}, part {number}. [next](/post-{(number + 4) % 40})",
            "date": f"2020-01-{1 + number % 28:02}",
            "tags": [f"tag-{number % 2}"],
        }
        for number in range(40)
    ]
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, posts)))
    pairs = [f"post-{number}.md\tpost-{(number + 4) % 40}.md" for number in range(40)]
    (tmp_path / "links.tsv").write_text("\n".join(pairs))
    return {"catalogue": tmp_path / "posts.jsonl", "links": tmp_path / "links.tsv", "vectors": tmp_path / "kept.npz"}


def printed(command, **options):
    out = io.StringIO()
    call_command(command, stdout=out, **options)
    return out.getvalue()


def test_ten_right_first_is_one_and_none_is_nothing():
    scores = np.array([[0, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]], dtype=float)
    found = {
        name: measured(lambda rows: scores, np.array([0]), {0: frozenset(right)})[:, 0]
        for name, right in {"best": {1, 2}, "second": {2}, "none": {11}}.items()
    }
    assert found["best"].tolist() == [pytest.approx(1), 1, 1]
    assert found["second"].tolist() == [pytest.approx(1 / np.log2(3)), 1, 0.5]
    assert found["none"].tolist() == [0, 0, 0]


def test_a_page_itself_takes_no_place():
    scores = np.array([[9, 1, 0]], dtype=float)
    assert measured(lambda rows: scores, np.array([0]), {0: frozenset({1})})[0, 0] == 1


def test_halves_share_no_page_and_time_puts_the_newer_ones_last():
    sources = np.arange(10)
    tuned, scored = halves(sources, seed=3)
    assert sorted([*tuned, *scored]) == list(range(10))
    tuned, scored = halves(sources, days=-np.arange(10.0))
    assert tuned.tolist() == [5, 6, 7, 8, 9]


class OnlyDates:
    """Dates find the links, terms and topics point elsewhere."""

    def likeness(self, signal, rows):
        if signal in ("dates", "terms"):
            right = (rows + (1 if signal == "dates" else 3)) % 8
            return np.eye(8)[right]
        return np.zeros((len(rows), 8))


def test_tuning_finds_the_signal_that_tells_and_leaves_those_that_say_nothing():
    links = {row: frozenset({(row + 1) % 8}) for row in range(8)}
    start = dict.fromkeys(SIGNALS, 0.3)
    tuned = Tuner(OnlyDates(), np.arange(8), links).tuned(start)
    assert tuned["dates"] > 1
    assert tuned["names"] == 0.3
    assert Tuner(OnlyDates(), np.arange(8), links).tuned(start, fixed=["dates"])["dates"] == 0.3


def test_peers_find_what_shares_words_and_titles():
    pages = [
        PageText(0, "Floods", "", ("Rivers rise. Old bridges close.",), "en"),
        PageText(1, "Rivers", "", ("Rivers rise in spring. Old bridges close.",), "en"),
        PageText(2, "Old bridges", "", ("Stone.",), "en"),
        PageText(3, "Bread", "", ("Flour and water.",), "en"),
    ]
    rows = np.array([0])
    assert words.tf_idf(pages)(rows)[0, 1:].argmax() == 0
    assert words.bm25(pages)(rows)[0, 1:].argmax() == 0
    assert words.title_substring(pages)(rows)[0].tolist() == [6, 6, 11, 0]


def test_files_are_measured_and_their_vectors_kept(files, embedder):
    report = printed("evaluate_related", **files)
    assert "40 pages, 40 links from 40 of them" in report
    assert report.count("TF-IDF") == 4  # a line and the heading of each table
    ours = next(line for line in report.splitlines() if line.startswith("ours "))
    assert float(ours.split()[1]) > 0.3
    embedder.calls.clear()
    assert "Tuned on 20" in printed("evaluate_related", **files)
    assert embedder.calls == []


def test_a_proposal_names_the_setting_or_says_why_there_is_none(files):
    said = printed("tune_related", **files)
    assert "held out" in said
    assert ("RELATED_STRENGTHS" in said) != ("keep the strengths" in said)


def test_what_cannot_be_read_is_named(files, tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        printed("evaluate_related", **{**files, "links": tmp_path / "gone.tsv"})
    with pytest.raises(CommandError, match="both"):
        printed("evaluate_related", catalogue=files["catalogue"])
    files["links"].write_text("post-1.md\tpost-2.md\n")
    with pytest.raises(CommandError, match="too few"):
        printed("evaluate_related", **files)


@pytest.mark.django_db
class TestOwnSite:
    @pytest.fixture
    def linked_site(self, embedder, monkeypatch):
        monkeypatch.setattr(embedding, "get_embedder", lambda backend=None, model=None: embedder)
        monkeypatch.setattr(linking, "FEWEST", 2)
        site = make_site()
        monkeypatch.setattr(ner, "get_recognizer", lambda language: FakeRecognizer({}))
        first = make_article(site, "Floods", body="Rivers rose.")
        second = make_article(site, "Rivers", body=f'Rivers, see <a linktype="page" id="{first.pk}">it</a>.')
        third = make_article(site, "Water", body=f'Rivers, see <a linktype="page" id="{second.pk}">it</a>.')
        for page in (first, second, third):
            ReferenceIndex.create_or_update_for_object(page)
        while analyze_batch().claimed:
            pass
        return first, second, third

    def test_editors_links_are_read_from_the_reference_index(self, linked_site):
        first, second, third = (page.pk for page in linked_site)
        assert page_links([first, second, third]) == {second: frozenset({first}), third: frozenset({second})}
        assert page_links([first, second]) == {second: frozenset({first})}

    def test_the_site_is_measured_on_its_own_links(self, linked_site):
        assert "2 links from 2 of them" in printed("evaluate_related")

    def test_too_few_links_are_an_error_that_says_what_to_do(self):
        make_site()
        with pytest.raises(CommandError, match="keep the default RELATED_STRENGTHS"):
            printed("tune_related")
