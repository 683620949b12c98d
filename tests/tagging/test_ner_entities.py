"""From mentions to entities: one entity for one thing, ordered by how much the page is about it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.ner.entities import APPLY_FROM, MAX_ENTITIES, SUGGEST_FROM, page_entities
from tagging.ner.minilm.recognizer import MiniLmRecognizer
from tagging.testing import FakeRecognizer
from tagging.types import EntityLabel, Mention, PageText


def page(*body: str, title: str = "A title", summary: str = "") -> PageText:
    return PageText(1, title, summary, body, "en")


def mention(text: PageText, name: str, label: EntityLabel, nth: int = 0, score: float = 1.0) -> Mention:
    """The nth place where the name stands on the page."""
    places = [
        (number, match)
        for number, paragraph in enumerate(text.paragraphs())
        for match in re.finditer(re.escape(name), paragraph)
    ]
    number, match = places[nth]
    return Mention(name, label, number, match.start(), match.end(), text.paragraphs()[number], score)


def named(text: PageText, **names: EntityLabel):
    """Entities where every given name is found everywhere as a whole word."""
    (mentions,) = FakeRecognizer({name.replace("_", " "): label for name, label in names.items()}).recognize([text])
    return page_entities(text, mentions)


def test_long_name_acronym_and_possessive_are_one():
    text = page("The Federal Bureau of Investigation (FBI) came.", "The FBI’s agents left. the FBI returned.")
    (entity,) = named(text, Federal_Bureau_of_Investigation="ORG", FBI="ORG")
    assert entity.name == "Federal Bureau of Investigation"
    assert entity.aliases == ("FBI",)
    assert entity.count == 4


def test_acronym_before_its_long_name_is_one_too():
    text = page("The FBI (Federal Bureau of Investigation) came.")
    (entity,) = named(text, Federal_Bureau_of_Investigation="ORG", FBI="ORG")
    assert entity.count == 2


def test_surname_joins_the_only_person_of_that_name():
    text = page("Angela Merkel spoke.", "Merkel left.")
    mentions = [mention(text, "Angela Merkel", "PER"), mention(text, "Merkel", "MISC", nth=1)]
    (entity,) = page_entities(text, mentions)
    assert (entity.name, entity.label, entity.count, entity.aliases) == ("Angela Merkel", "PER", 2, ("Merkel",))


def test_surname_of_two_people_joins_neither():
    text = page("Orville Wright and Wilbur Wright flew.", "Then Wright rested.")
    mentions = [
        mention(text, "Orville Wright", "PER"),
        mention(text, "Wilbur Wright", "PER"),
        mention(text, "Wright", "PER", nth=2),
    ]
    assert {entity.name for entity in page_entities(text, mentions)} == {"Orville Wright", "Wilbur Wright", "Wright"}


def test_a_place_does_not_join_a_person():
    text = page("Paris Hilton went to Paris.")
    mentions = [mention(text, "Paris Hilton", "PER"), mention(text, "Paris", "LOC", nth=1)]
    assert {(entity.name, entity.label) for entity in page_entities(text, mentions)} == {
        ("Paris Hilton", "PER"),
        ("Paris", "LOC"),
    }


def test_label_is_that_of_most_mentions():
    text = page("Ghent one.", "Ghent two.", "Ghent three.")
    labels: list[EntityLabel] = ["LOC", "ORG", "LOC"]
    mentions = [mention(text, "Ghent", label, nth=number) for number, label in enumerate(labels)]
    assert page_entities(text, mentions)[0].label == "LOC"


def test_doubtful_name_needs_more_than_one_mention():
    text = page("Quux one.", "Quux two.", "Quux three.")
    weak = [mention(text, "Quux", "MISC", nth=number, score=0.4) for number in range(3)]
    assert page_entities(text, weak[:1]) == ()
    assert page_entities(text, weak)[0].count == 3


def test_confidence_grows_with_mentions_and_says_what_to_go_by():
    text = page("Quux one.", "Quux two.")
    unsure = [mention(text, "Quux", "ORG", nth=number, score=0.65) for number in range(2)]
    (once,) = page_entities(text, unsure[:1])
    (twice,) = page_entities(text, unsure)
    (sure,) = page_entities(text, [mention(text, "Quux", "ORG", score=0.9)])
    assert SUGGEST_FROM <= once.confidence < APPLY_FROM <= twice.confidence < sure.confidence
    assert once.salience < sure.salience


def test_title_and_frequency_make_salience():
    text = page("It rained in Leeds and Bath.", "Leeds flooded.", "Nothing in York.", title="Leeds under water")
    entities = named(text, Leeds="LOC", Bath="LOC", York="LOC")
    assert [entity.name for entity in entities] == ["Leeds", "Bath", "York"]
    assert entities[0].salience > 0.7 > 0.5 > entities[2].salience


def test_evidence_is_up_to_three_sentences_with_the_body_first():
    text = page("Leeds one.", "Leeds two.", "Leeds three.", "Leeds four.", title="Leeds")
    (entity,) = named(text, Leeds="LOC")
    assert entity.evidence == ("Leeds one.", "Leeds two.", "Leeds three.")


def test_junk_is_dropped():
    text = page("us and Monday and 12 and Leeds.")
    mentions = [
        mention(text, "us", "LOC"),
        mention(text, "Monday", "ORG"),
        mention(text, "12", "ORG"),
        mention(text, "Leeds", "LOC"),
    ]
    assert [entity.name for entity in page_entities(text, mentions)] == ["Leeds"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Ada", "Ada Byron", "the UN", "United Nations", "UN", "Dr. Byron", "x", "Leeds’s"]),
            st.sampled_from(["PER", "ORG", "LOC", "MISC"]),
            st.floats(0, 1),
        ),
        max_size=80,
    )
)
def test_counts_add_up_and_salience_is_in_range(found):
    text = page("United Nations (UN) Ada Byron Ada the UN Dr. Byron x Leeds’s")
    mentions = [mention(text, name, label, score=score) for name, label, score in found]  # type: ignore[arg-type]
    entities = page_entities(text, mentions)
    assert len(entities) <= MAX_ENTITIES
    assert sum(entity.count for entity in entities) <= len(mentions)
    assert all(0 <= entity.salience <= 1 for entity in entities)
    assert list(entities) == sorted(entities, key=lambda entity: (-entity.salience, entity.name))
    assert all(len(entity.evidence) <= 3 and entity.name for entity in entities)


NEWS = PageText(
    1,
    "Merkel Thanks Federal Bureau of Investigation",
    "A visit to Washington.",
    (
        "Angela Merkel met officials of the Federal Bureau of Investigation (FBI) in Washington on Monday.",
        "The FBI's director said that the FBI was glad. “We thank Merkel,” said Director James Comey of the FBI.",
        "Later, Merkel’s party flew to New York, where Ms. Merkel spoke at Columbia University. Comey stayed behind.",
        "Nobody from the Bundestag came. The weather was fine and the coffee was hot.",
    ),
    "en",
)


@pytest.mark.models
class TestAsTheShippedModelFindsThem:
    @pytest.fixture(scope="class")
    def entities(self):
        (mentions,) = MiniLmRecognizer().recognize([NEWS])
        return {entity.name: entity for entity in page_entities(NEWS, mentions)}

    def test_one_entity_for_article_possessive_acronym_and_long_name(self, entities):
        fbi = entities["Federal Bureau of Investigation"]
        assert (fbi.label, fbi.aliases, fbi.count) == ("ORG", ("FBI",), 5)
        assert not {"FBI", "the FBI", "FBI's"} & entities.keys()

    def test_a_surname_joins_the_full_name(self, entities):
        assert (entities["Angela Merkel"].label, entities["Angela Merkel"].count) == ("PER", 5)
        assert entities["James Comey"].count == 2
        assert not {"Merkel", "Comey", "Ms. Merkel"} & entities.keys()

    def test_what_the_page_is_about_comes_first(self, entities):
        assert list(entities)[:2] == ["Angela Merkel", "Federal Bureau of Investigation"]
        assert all(0 < entity.salience <= 1 and 0 < entity.confidence <= 1 for entity in entities.values())
        assert {"Washington": "LOC", "New York": "LOC"}.items() <= {n: e.label for n, e in entities.items()}.items()

    def test_evidence_is_a_whole_sentence(self, entities):
        assert entities["Angela Merkel"].evidence[0] == NEWS.body[0]
        assert entities["New York"].evidence == (
            "Later, Merkel’s party flew to New York, where Ms. Merkel spoke at Columbia University.",
        )
