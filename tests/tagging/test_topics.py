"""Topics: whole words, comparable scores, and a sentence that says why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagging.embedding import embed_pages, get_embedder
from tagging.testing import FakeEmbedder
from tagging.topics import Calibration, TopicMatcher, calibrate, describe, page_words, score
from tagging.topics.phrases import phrases_of
from tagging.topics.vocabulary import WordIndex
from tagging.topics.words import PhraseFinder, forms, sentence_at, sentences, tokens
from tagging.types import Decisions, PageEntity, PageText, TopicDefinition

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


def decisions(*rows: tuple[int, np.ndarray, list[int]], ages: tuple[float, ...] = (), words=()) -> Decisions:
    return Decisions(
        words=tuple(words),
        page_ids=tuple(page_id for page_id, _vector, _votes in rows),
        vectors=np.array([vector for _id, vector, _votes in rows], dtype=np.float32),
        votes=np.array([votes for _id, _vector, votes in rows], dtype=np.float64),
        age_days=np.array(ages or [0.0] * len(rows)),
    )


BLANK = [TopicDefinition(n, f"Topic{n}", "", (), np.eye(4, dtype=np.float32)[3]) for n in range(2)]
NEAR, FAR = np.array([1, 0, 0, 0], np.float32), np.array([0, 1, 0, 0], np.float32)


def test_pages_like_those_that_editors_tagged_get_their_topic_and_are_told_which():
    known = decisions(*[(10 + n, NEAR, [1, 0]) for n in range(20)], *[(40 + n, FAR, [0, 1]) for n in range(20)])
    first, second = TopicMatcher(BLANK, decisions=known).score(page("A", "b"), NEAR, ())
    assert (first.topic_id, second.topic_id) == (0, 1)
    assert first.score > 20 * second.score
    assert len(first.similar) == 3
    assert set(first.similar) <= set(range(10, 30))


def test_a_rejection_on_a_page_alike_counts_against_a_topic():
    accepted, rejected = (decisions(*[(9 + n, NEAR, [vote, 0]) for n in range(9)]) for vote in (1, -1))
    for known, sign in ((accepted, 1), (rejected, -1)):
        with_, without = (TopicMatcher(BLANK, decisions=d).logits(page("A", "b"), NEAR, ())[0] for d in (known, None))
        assert sign * (with_ - without) > 0


def test_newer_decisions_weigh_more():
    known = decisions((8, NEAR, [1, 0]), (9, NEAR, [0, 1]), ages=(2000.0, 0.0))
    old, new = TopicMatcher(BLANK, decisions=known).logits(page("A", "b"), NEAR, ())
    assert new > old


def test_a_page_is_no_witness_for_itself():
    loud, silent = (decisions((1, NEAR, votes), (9, FAR, [0, 0])) for votes in ([1, 0], [0, 0]))
    one, other = (TopicMatcher(BLANK, decisions=known).logits(page("A", "b"), NEAR, ()) for known in (loud, silent))
    assert one == other


def test_few_decisions_say_little():
    few, many = (decisions(*[(9 + n, NEAR, [1, 0]) for n in range(count)]) for count in (2, 200))
    little, much = (TopicMatcher(BLANK, decisions=d).logits(page("A", "b"), NEAR, ())[0] for d in (few, many))
    assert little < much - 2


def test_a_name_alone_is_compared_too():
    described = TopicDefinition(1, "Trains", "Odd", (), FAR)
    named = TopicDefinition(1, "Trains", "Odd", (), FAR, name_vector=NEAR)
    (low,), (high,) = (TopicMatcher([one]).logits(page("A", "b"), NEAR, ()) for one in (described, named))
    assert high > low


@pytest.mark.parametrize(
    ("name", "description", "expected"),
    [
        ("Coffee and tea", "", {"Coffee and tea", "Coffee", "tea"}),
        (
            "Diversity, equity, and inclusion",
            "",
            {"Diversity, equity, and inclusion", "Diversity", "equity", "inclusion"},
        ),
        ("Pain & vin", "", {"Pain & vin", "Pain", "vin"}),
        ("Search engine optimization", "Be found (SEO).", {"Search engine optimization", "SEO"}),
        ("Programming interfaces", "As (APIs) do (NASA).", {"Programming interfaces"}),
        ("Sandcastles", "", {"Sandcastles"}),
    ],
)
def test_phrases_of_a_topic(name, description, expected):
    assert set(phrases_of(TopicDefinition(1, name, description, (), NEAR))) == expected


def test_calibration_keeps_what_it_promises():
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, 4000)
    right = random.random(4000) < 1 / (1 + np.exp(-(0.5 * logits - 1)))
    curve = calibrate(logits, right)
    for logit in (-2.0, 0.0, 3.0):
        assert curve.probability(logit) == pytest.approx(1 / (1 + np.exp(-(0.5 * logit - 1))), abs=0.05)


def test_without_decisions_calibration_changes_nothing():
    assert calibrate(np.array([]), np.array([], dtype=bool)) == Calibration()


@given(st.lists(st.tuples(st.floats(-40, 40), st.booleans()), max_size=30), st.floats(-50, 50), st.floats(-50, 50))
def test_calibration_never_turns_an_order_round(decided, one, other):
    curve = calibrate(np.array([logit for logit, _ in decided]), np.array([taken for _, taken in decided], dtype=bool))
    low, high = sorted((one, other))
    assert 0 <= curve.probability(low) <= curve.probability(high) <= 1


@given(st.floats(-12, 12), st.integers(0, 60), st.integers(0, 60))
def test_calibration_never_goes_further_than_the_decisions(logit, taken, refused):
    """Between what the first day said of such topics and what editors did with them."""
    right = np.array([True] * taken + [False] * refused)
    found = calibrate(np.full(len(right), logit), right).probability(logit)
    said = Calibration().probability(logit)
    share = taken / len(right) if len(right) else said
    assert min(said, share) - 1e-6 <= found <= max(said, share) + 1e-6


def test_a_handful_of_decisions_leaves_the_first_days_curve_nearly_as_it_was():
    for logit in (-2.0, 0.0, 2.0):
        curve = calibrate(np.array([logit] * 2), np.array([False] * 2))
        assert curve.probability(logit) == pytest.approx(Calibration().probability(logit), abs=0.2)


def words(text: str):
    return page_words(page("", text))


def test_words_are_counted_with_those_of_the_title_twice():
    found = page_words(page("Heron rising", "The heron, THE HERON! A is no word."))
    assert sorted(count for _word, count in found.tolist()) == [1, 2, 2, 4]
    assert page_words(page("", "")).shape == (0, 2)


def test_pages_that_share_rare_words_are_near():
    texts = ["heron weir common", "opera tenor common", "heron tenor common", "bread yeast common"]
    near = WordIndex([words(text) for text in texts]).cosines(words("heron weir common unheard"))
    assert near[0] == pytest.approx(1)
    assert near[0] > near[2] > near[1] == near[3] == 0


@given(st.lists(st.text("abc ", max_size=30), max_size=6), st.text("abc ", max_size=30))
def test_nearness_by_words_is_a_cosine(texts, text):
    found = WordIndex([words(one) for one in texts]).cosines(words(text))
    assert len(found) == len(texts)
    assert ((found >= 0) & (found <= 1 + 1e-6)).all()


def test_pages_with_the_same_rare_words_speak_for_a_topic_whatever_their_vectors():
    said = [words(f"kingfisher number{n} otter") for n in range(20)] + [words(f"tenor number{n}") for n in range(40)]
    known = decisions(*[(10 + n, FAR, [1, 0] if n < 20 else [0, 1]) for n in range(60)], words=said)
    first, second = TopicMatcher(BLANK, decisions=known).score(page("A kingfisher", "b"), NEAR, ())
    assert first.topic_id == 0
    assert first.logit > second.logit + 3
    assert set(first.similar) <= set(range(10, 30))
