"""Topics: whole words, comparable scores, and a sentence that says why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.embedding import embed_pages, get_embedder
from tagging.testing import FakeEmbedder
from tagging.topics import TopicMatcher, describe, score
from tagging.topics.words import PhraseFinder, forms, sentence_at, sentences, tokens
from tagging.types import PageEntity, PageText, TopicDefinition

EMBEDDER = FakeEmbedder(dimensions=256)


def topic(number: int, name: str, description: str = "", *synonyms: str, embedder=EMBEDDER) -> TopicDefinition:
    vector = embedder.embed([describe(name, description, synonyms)])[0]
    return TopicDefinition(number, name, description, synonyms, vector)


def page(title: str, *body: str, summary: str = "") -> PageText:
    return PageText(1, title, summary, body, "en")


def vector_of(text: PageText, embedder=EMBEDDER):
    return embed_pages(embedder, [text])[0]


def is_found(phrase: str, text: str) -> bool:
    return bool(list(PhraseFinder([(0, phrase)]).find(tokens(text))))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("press", "The press was there."),
        ("city", "Cities grow."),
        ("Cities", "A city's edge"),
        ("night train", "Night trains are back"),
        ("church", "Two churches"),
        ("réseau de bus", "les réseaux de bus"),
        ("IT", "The IT department"),
        ("open-source", "open source code"),
        ("東京", "私は東京に住む"),
        ("news", "The news is good"),
    ],
)
def test_whole_words_are_found_in_any_form(phrase, text):
    assert is_found(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("press", "WordPress expressed depression"),
        ("IT", "it is what it is"),
        ("news", "A new idea"),
        ("art", "A cart and an artist"),
        ("night train", "Night after night, trains"),
        ("car", "Who cares"),
        ("", "Anything"),
    ],
)
def test_parts_of_words_are_not_found(phrase, text):
    assert not is_found(phrase, text)


@given(st.from_regex(r"[a-zé]{3,12}", fullmatch=True))
def test_a_word_is_among_its_own_forms(word):
    assert word in forms(word)


@given(st.text(max_size=200))
def test_no_word_is_lost_between_sentences(text):
    words = [token.folded for token in tokens(text)]
    assert [token.folded for part in sentences(text) for token in tokens(part)] == words


@given(st.text(min_size=1, max_size=100), st.data())
def test_sentence_at_any_place_is_part_of_the_text(text, data):
    assert sentence_at(text, data.draw(st.integers(0, len(text) - 1))) in text


def test_mention_gives_its_sentence_as_evidence():
    text = page("A quiet year", "Nothing happened. Then the night trains came back! Nobody knew why.")
    (found,) = score(text, None, (), [topic(1, "Railways", "", "night train")])
    assert found.source == "synonym"
    assert found.evidence == "Then the night trains came back!"


def test_entity_that_is_a_topics_synonym_counts():
    nasa = PageEntity("NASA", "ORG", ("National Aeronautics and Space Administration",), 3, 0.8, ())
    topics = [topic(1, "Space", "", "National Aeronautics and Space Administration")]
    text = page("Launch", "It was NASA.")
    (with_entity,) = score(text, None, (nasa,), topics)
    (without,) = score(text, None, (), topics)
    assert with_entity.score > without.score
    assert with_entity.source == "entity"


def test_vector_alone_takes_the_nearest_sentence_as_evidence():
    railways = topic(1, "Railways", "Locomotives and stations across the continent")
    others = [topic(number, f"Other{number}", f"Unrelated matter {number}") for number in range(2, 12)]
    text = page("A journey", "Nobody spoke.", "Locomotives waited in stations across the whole continent.")
    best = score(text, vector_of(text), (), [railways, *others])[0]
    assert best.topic_id == 1
    assert best.source == "vector"
    assert best.evidence == "Locomotives waited in stations across the whole continent."


def test_a_word_in_the_title_counts_more_than_one_in_the_body():
    topics = [topic(1, "Housing")]
    (in_title,) = score(page("Housing", "Text."), None, (), topics)
    (in_body,) = score(page("Text", "Housing."), None, (), topics)
    assert in_title.score > in_body.score


def test_topics_below_the_threshold_and_beyond_the_limit_are_dropped():
    topics = [topic(number, name) for number, name in enumerate(["Birds", "Rivers", "Forests"])]
    text = page("Birds and rivers", "Birds, birds, birds over rivers.")
    assert len(score(text, None, (), topics)) == 3
    assert [found.topic_id for found in score(text, None, (), topics, limit=1)] == [0]
    assert all(found.score >= 0.02 for found in score(text, None, (), topics, min_score=0.02))
    assert score(text, None, (), []) == ()


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4).filter(lambda v: np.linalg.norm(v) > 0.1),
    st.text(max_size=80),
    st.integers(1, 6),
)
def test_scores_are_probabilities_in_falling_order(values, body, count):
    unit = np.array(values, dtype=np.float32) / np.float32(np.linalg.norm(values))
    topics = [
        TopicDefinition(number, f"Topic {number}", "", (), np.eye(4, dtype=np.float32)[number % 4])
        for number in range(count)
    ]
    found = TopicMatcher(topics).score(page("Title", *([body] if body.strip() else [])), unit, ())
    assert len(found) == count
    assert all(0 <= one.score <= 1 for one in found)
    assert list(found) == sorted(found, key=lambda one: -one.score)


@pytest.mark.models
def test_real_model_separates_topics_and_leaves_stray_pages_alone():
    embedder = get_embedder()
    topics = [
        topic(1, "Railways", "Trains between cities: sleepers, stations and rail history.", embedder=embedder),
        topic(2, "Baking", "Bread, cakes and pastry, and the bakers behind them.", embedder=embedder),
        topic(3, "Birds", "Birds, their migrations and the people who count them.", embedder=embedder),
        topic(4, "Housing", "Homes and who can afford them: rents, estates, tenants.", embedder=embedder),
    ]
    trains = page(
        "Sleeper trains return to the rails of Europe",
        "Overnight services leave the station at ten and arrive for breakfast.",
    )
    stray = page("Privacy notice", "We keep server logs for thirty days and delete them afterwards.")
    matcher = TopicMatcher(topics, min_score=0.35)
    on_trains, on_stray = (
        matcher.score(text, vector, ())
        for text, vector in zip((trains, stray), embed_pages(embedder, [trains, stray]), strict=True)
    )
    assert [found.topic_id for found in on_trains] == [1]
    assert on_stray == ()
