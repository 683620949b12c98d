"""The site's own names: found as whole tokens, in any language, whatever the recogniser says."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.ner import page_entities
from tagging.ner.gazetteer import Gazetteer, KnownName
from tagging.types import Mention, PageText

NASA = KnownName("NASA", "ORG", ("National Aeronautics and Space Administration", "Nasa"))
PRESS = KnownName("press", "ORG", match_case=False)


def text_of(*body: str, title: str = "", language: str = "en") -> PageText:
    return PageText(page_id=1, title=title, summary="", body=body, language=language)


def found(text: PageText, *names: KnownName, model: tuple[Mention, ...] = ()) -> list[Mention]:
    return Gazetteer(names).override([text], [model])[0]


def written(text: PageText, *names: KnownName) -> list[str]:
    return [mention.text for mention in found(text, *names)]


def test_a_known_name_is_found_with_its_sentence():
    (mention,) = found(text_of("It rained. NASA's rocket stood still. Nobody came."), NASA)
    assert (mention.text, mention.label, mention.known_as, mention.score) == ("NASA", "ORG", "NASA", 1.0)
    assert (mention.start, mention.end) == (11, 15)
    assert mention.sentence == "NASA's rocket stood still."


def test_names_are_whole_tokens():
    text = text_of("WordPress impresses the press. Press! PRESS-led, nasa, NASAL, ONASA.")
    assert written(text, PRESS, NASA) == ["press", "Press", "PRESS"]


def test_case_matters_unless_the_name_says_otherwise():
    text = text_of("Nature printed it; nature did not care, nor did NATURE.")
    assert written(text, KnownName("Nature", "ORG")) == ["Nature"]
    assert written(text, KnownName("Nature", "ORG", match_case=False)) == ["Nature", "nature", "NATURE"]


def test_the_longest_name_wins():
    names = KnownName("York", "LOC"), KnownName("New York", "LOC"), KnownName("New York Times", "ORG")
    assert written(text_of("York and New York read the New York Times."), *names) == [
        "York",
        "New York",
        "New York Times",
    ]


def test_it_overrides_the_model_where_they_overlap():
    text = text_of("Acme Washington Ltd met Ada in Paris.")
    model = (
        Mention("Washington Ltd met", "LOC", 0, 5, 23, "s", 0.9),
        Mention("Ada", "PER", 0, 24, 27, "s", 0.9),
        Mention("Paris", "PER", 0, 31, 36, "s", 0.9),
    )
    names = KnownName("Acme Washington Ltd", "ORG"), KnownName("Paris", "LOC")
    assert [(m.text, m.label, m.score) for m in found(text, *names, model=model)] == [
        ("Acme Washington Ltd", "ORG", 1.0),
        ("Ada", "PER", 0.9),
        ("Paris", "LOC", 1.0),
    ]


def test_aliases_become_the_name_they_stand_for():
    text = text_of("The National Aeronautics and Space Administration spoke. Nasa answered.", title="NASA speaks")
    (entity,) = page_entities(text, found(text, NASA))
    assert (entity.name, entity.label, entity.count) == ("NASA", "ORG", 3)
    assert entity.aliases == ("Nasa", "National Aeronautics and Space Administration")


def test_a_known_name_keeps_its_name_and_label_whatever_joins_it():
    """An acronym of a long name that only the model knows, a name in lower case, and a name that is also a month."""
    text = text_of("The Federal Bureau of Investigation (FBI) bought adidas shoes in May, said May.")
    long = Mention("Federal Bureau of Investigation", "LOC", 0, 4, 35, "s", 0.9)
    names = KnownName("FBI", "ORG"), KnownName("adidas", "ORG"), KnownName("May", "PER")
    entities = {entity.name: entity for entity in page_entities(text, found(text, *names, model=(long,)))}
    assert set(entities) == {"FBI", "adidas", "May"}
    assert (entities["FBI"].label, entities["FBI"].count) == ("ORG", 2)
    assert "Federal Bureau of Investigation" in entities["FBI"].aliases


def test_known_names_are_told_apart_by_their_articles():
    text = text_of("The Sun shines on Sun.")
    names = KnownName("The Sun", "ORG"), KnownName("Sun", "ORG")
    assert {entity.name for entity in page_entities(text, found(text, *names))} == {"The Sun", "Sun"}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "NASA's rocket"),
        ("pt-br", "o foguete da NASA-Sul"),
        ("hr", "raketa d'NASA"),
        ("zu", "i-NASA yathi NASA's"),
        ("vi", "tên lửa NASA bay"),
        ("ja", "NASAは言った"),
        ("zh", "美国NASA说"),
        ("th", "จรวดNASAบิน"),
        ("xx", "NASA, naturally"),
    ],
)
def test_any_language_has_its_gazetteer(language, sentence):
    assert set(written(text_of(sentence, language=language), NASA)) == {"NASA"}


def test_a_script_without_spaces():
    tokyo = KnownName("東京", "LOC")
    assert written(text_of("東京大学は東京にある。", language="ja"), tokyo) == ["東京", "東京"]


def test_the_version_follows_what_bears_on_matching():
    one, other = Gazetteer([NASA, PRESS]), Gazetteer([PRESS, NASA])
    assert one.version == other.version != Gazetteer([NASA]).version
    assert Gazetteer([KnownName("NASA", "ORG")]).version != Gazetteer([KnownName("NASA", "LOC")]).version
    assert Gazetteer().version == ""


def test_ten_thousand_names_are_fast():
    """The matcher is built once; a page of 800 words then costs some milliseconds."""
    names = [KnownName(f"Company {number} Holdings", "ORG", (f"C{number}",)) for number in range(10_000)]
    gazetteer = Gazetteer(names)
    pages = [text_of("The board met, and Company 77 Holdings spoke for an hour or so. " * 60)] * 20
    gazetteer.override(pages[:1], [[]])
    start = time.perf_counter()
    mentions = gazetteer.override(pages, [[] for _ in pages])
    assert time.perf_counter() - start < 2
    assert len(mentions[0]) == 60


WORDS = st.sampled_from(["Ada", "Bo", "New", "York", "press", "WordPress", "x1", "Ä"])
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=25), st.lists(NAMES, min_size=1, max_size=5, unique=True), st.booleans())
def test_only_whole_tokens_are_found_and_none_overlap(words, names, match_case):
    text = text_of(" ".join([*words, "end"]))
    mentions = found(text, *(KnownName(name, "ORG", match_case=match_case) for name in names))
    paragraph = text.paragraphs()[0]
    end = 0
    for mention in mentions:
        assert mention.start >= end
        end = mention.end
        assert paragraph[mention.start : mention.end] == mention.text
        assert re.fullmatch(r"\s?", paragraph[mention.start - 1 : mention.start] if mention.start else "")
        assert re.fullmatch(r"\s?", paragraph[mention.end : mention.end + 1])
        assert mention.known_as in names
        assert mention.text == mention.known_as or not match_case
    folded = paragraph if match_case else paragraph.lower()
    for name in names:  # wherever a name stands, something of at least its length was found
        for match in re.finditer(rf"(?<!\S){re.escape(name if match_case else name.lower())}(?!\S)", folded):
            assert any(m.start < match.end() and match.start() < m.end for m in mentions)
