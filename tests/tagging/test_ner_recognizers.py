"""Recognisers: any spaCy pipeline by name, and the rules that need nothing but spaCy."""

from __future__ import annotations

import pytest
from django.test import override_settings

from tagging.exceptions import ModelUnavailable
from tagging.ner import RULES, current_name, get_recognizer, named_recognizer, page_entities
from tagging.ner.spacy_pipeline import MAX_CHARACTERS, PIECE_CHARACTERS, SpacyRecognizer
from tagging.types import PageText

ARTICLE = PageText(
    7,
    "The Museum Everyone Wanted: Frank Gehry in Bilbao",
    "How one building changed a port.",
    (
        "Engineers doubted it. In 1991 the architect Frank Gehry met Thomas Krens of the Solomon R. Guggenheim"
        " Foundation in Bilbao. Yesterday nobody remembered; However, Gehry's drawings survive at Harvard University.",
        "The World Health Organization (WHO) and the Boise Historical Society agreed. Press coverage was kind.",
        "French critics, on Monday, wrote to Mayor Iñaki Azkuna about the Nervión and Lake Geneva.",
    ),
    "en",
)


def found(language: str, *body: str) -> dict[str, str]:
    """Entities by name with their label."""
    text = PageText(1, "", "", body, language)
    (mentions,) = get_recognizer(language).recognize([text])
    return {entity.name: entity.label for entity in page_entities(text, mentions)}


@pytest.mark.models
class TestRules:
    @pytest.fixture(autouse=True)
    def _rules(self, settings):
        settings.WAGTAIL_TAGGING = {"RECOGNIZER": "affinity_rules"}

    def test_people_bodies_and_places_of_an_article(self):
        (mentions,) = get_recognizer("en").recognize([ARTICLE])
        entities = {entity.name: entity for entity in page_entities(ARTICLE, mentions)}
        assert {name: entity.label for name, entity in entities.items()} == {
            "Frank Gehry": "PER",
            "Bilbao": "LOC",
            "Thomas Krens": "PER",
            "Solomon R. Guggenheim Foundation": "ORG",
            "Harvard University": "ORG",
            "World Health Organization": "ORG",
            "Boise Historical Society": "ORG",
            "Iñaki Azkuna": "PER",
            "Lake Geneva": "LOC",
        }
        assert entities["Frank Gehry"].count == 3
        assert "WHO" in entities["World Health Organization"].aliases

    def test_offsets_point_at_the_names(self):
        (mentions,) = get_recognizer("en").recognize([ARTICLE])
        assert all(ARTICLE.paragraphs()[m.paragraph][m.start : m.end] == m.text for m in mentions)
        assert all(m.text in m.sentence and 0 <= m.score <= 1 for m in mentions)

    @pytest.mark.parametrize(
        "rubbish",
        [
            "Researchers agreed. Planting continued. Yesterday, Children played.",
            "WordPress and Python are tools. The API uses JSON, and the CEO likes PDF files.",
            "French and German critics met on Monday in May. The Renaissance ended.",
            "Why Cities Are Planting More Trees This Year",
            "NICE SPLIT READING. Nice weather. Split it. Reading helps.",
            "The Internet, the Moon and the Earth.",
        ],
    )
    def test_an_editor_sees_no_rubbish(self, rubbish):
        assert found("en", rubbish) == {}

    def test_names_from_the_text_are_found_in_headlines(self):
        text = PageText(1, "Why Zelda Quimby Left Her Town", "", ("The painter Zelda Quimby left.",), "en")
        (mentions,) = get_recognizer("en").recognize([text])
        assert [(m.text, m.paragraph) for m in mentions] == [("Zelda Quimby", 0), ("Zelda Quimby", 1)]

    def test_french_has_cues_of_its_own(self):
        assert found(
            "fr",
            "Hier, la maire Anne Hidalgo a inauguré une piste. L'Université de Nantes et le Musée d'Orsay suivent.",
            "Les Français aiment le vélo, mardi comme jeudi, à Copenhague et en Bretagne. Aujourd'hui, il pleut.",
        ) == {
            "Anne Hidalgo": "PER",
            "Université de Nantes": "ORG",
            "Musée d'Orsay": "ORG",
            "Copenhague": "LOC",
            "Bretagne": "LOC",
        }

    @pytest.mark.parametrize("language", ["pt-br", "da", "tlh", "zz-top"])
    def test_a_language_without_rules_still_finds_known_names(self, language):
        assert found(language, "Xyz abc Paris qrs, NASA tuv.") == {"Paris": "LOC", "NASA": "ORG"}

    @pytest.mark.timeout(120)
    def test_200_000_words_in_one_paragraph(self):
        text = PageText(1, "", "", ("Anna Weber lives in Leeds today. " * 34_000,), "en")
        (mentions,) = get_recognizer("en").recognize([text])
        assert {m.text for m in mentions} == {"Anna Weber", "Leeds"}
        assert mentions[-1].end <= MAX_CHARACTERS + PIECE_CHARACTERS
        assert all(text.body[0][m.start : m.end] == m.text for m in mentions[-50:])

    def test_empty_and_odd_texts(self):
        odd = PageText(1, "…", "", ("\u200d", "🙂 🙂", "東京は日本の首都です。"), "en")
        assert get_recognizer("en").recognize([odd, PageText(2, "", "", (), "en")])[1] == []
        assert get_recognizer("en").recognize([]) == []

    def test_a_run_without_a_capital_word_names_nothing(self):
        assert named_recognizer(RULES, "en").recognize([PageText(1, "Quick In & Out.", "", (), "en")]) == [[]]


@pytest.mark.models
class TestAnyPipeline:
    @pytest.fixture
    def folder(self, tmp_path):
        """A pipeline as a site would train it, with spaCy's own label names."""
        import spacy

        nlp = spacy.blank("en")
        ruler = nlp.add_pipe("entity_ruler")
        ruler.add_patterns(
            [
                {"label": "PERSON", "pattern": "Ada Byron"},
                {"label": "GPE", "pattern": "Leeds"},
                {"label": "DATE", "pattern": "1843"},
            ]
        )
        nlp.meta["version"] = "1.2.3"
        nlp.to_disk(tmp_path / "mine")
        return str(tmp_path / "mine")

    def test_labels_are_mapped_and_others_dropped(self, folder):
        text = PageText(1, "Ada Byron", "", ("She left. In 1843 she saw Leeds.",), "en")
        (mentions,) = SpacyRecognizer(folder).recognize([text])
        assert [(m.text, m.label, m.paragraph, m.sentence, m.score) for m in mentions] == [
            ("Ada Byron", "PER", 0, "Ada Byron", 1.0),
            ("Leeds", "LOC", 1, "In 1843 she saw Leeds.", 1.0),
        ]

    def test_name_holds_the_version(self, folder):
        assert SpacyRecognizer(folder).name == f"{folder}@1.2.3"

    def test_memory_does_not_grow_with_new_words(self, folder):
        recognizer = SpacyRecognizer(folder)
        recognizer.recognize([ARTICLE])
        strings = len(recognizer._nlp.vocab.strings)
        for number in range(5):
            words = " ".join(f"novel{number}word{count}" for count in range(500))
            recognizer.recognize([PageText(number, "", "", (words,), "en")])
        assert len(recognizer._nlp.vocab.strings) == strings


def test_pipeline_that_is_not_installed_is_told_with_its_fix():
    with pytest.raises(ModelUnavailable, match=r"'xx_no_such_pipeline' is not installed.*RECOGNIZER"):
        SpacyRecognizer("xx_no_such_pipeline").recognize([ARTICLE])


def test_missing_spacy_is_told_with_its_fix(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'wagtail-affinity\[models\]'"):
        SpacyRecognizer("en_core_web_sm").check()


def test_setting_names_a_pipeline_for_each_locale():
    per_locale = {"en": "en_mine", "pt": "pt_mine", "default": "xx_mine"}
    with override_settings(WAGTAIL_TAGGING={"RECOGNIZER": per_locale}):
        names = [current_name(language) for language in ("en", "pt-br", "fr")]
    assert names == ["en_mine", "pt_mine", "xx_mine"]
    with override_settings(WAGTAIL_TAGGING={"RECOGNIZER": "one_for_all"}):
        assert current_name("fr") == "one_for_all"
