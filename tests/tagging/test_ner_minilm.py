"""The entity head in numpy: decoding, posteriors, windows; no model is loaded."""

from itertools import pairwise, product

import numpy as np
import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from tagging.ner.minilm import weights
from tagging.ner.minilm.crf import best_tags, legal_transitions, marginals
from tagging.ner.minilm.head import EntityHead
from tagging.ner.minilm.labels import TAGS, may_follow, spans_of_tags, tags_of_spans
from tagging.ner.minilm.reading import TokenWindow, window_of
from tagging.ner.minilm.tokenizer import Tokenizer
from tagging.ner.minilm.tokens import MAX_TOKENS, Shape, shape_of, windows
from tagging.reading.states import STATE_SIZE, TextStates

NLP = spacy.blank("en")
TOKENIZER = Tokenizer(NLP)
HIDDEN, PROJECTION, SHAPE = 6, 10, 4


def random_weights(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    sizes = {
        "project": (PROJECTION, STATE_SIZE),
        "project_bias": (PROJECTION,),
        "shape": (len(Shape), SHAPE),
        "score": (len(TAGS), 2 * HIDDEN),
        "score_bias": (len(TAGS),),
        "transitions": (len(TAGS), len(TAGS)),
    }
    for direction in ("forward", "backward"):
        sizes[f"{direction}_input"] = (4 * HIDDEN, PROJECTION + SHAPE)
        sizes[f"{direction}_recurrent"] = (4 * HIDDEN, HIDDEN)
        sizes[f"{direction}_bias"] = (4 * HIDDEN,)
    return {name: random.normal(size=size).astype(np.float32) for name, size in sizes.items()}


def random_window(length: int, seed: int) -> TokenWindow:
    random = np.random.default_rng(seed)
    states = random.normal(size=(length, STATE_SIZE)).astype(np.float32)
    return TokenWindow(seed, 0, random.integers(0, Shape.SPACE, length), states)


def legal_sequences(length: int) -> list[tuple[int, ...]]:
    def is_legal(sequence: tuple[int, ...]) -> bool:
        names = ["O", *(TAGS[number] for number in sequence), "O"]
        return all(may_follow(before, after) for before, after in pairwise(names))

    return [sequence for sequence in product(range(len(TAGS)), repeat=length) if is_legal(sequence)]


def weight_of(sequence: tuple[int, ...], scores: np.ndarray, transitions: np.ndarray) -> float:
    emitted = sum(scores[at, tag] for at, tag in enumerate(sequence))
    return float(emitted + sum(transitions[a, b] for a, b in pairwise(sequence)))


@pytest.mark.parametrize("length", [1, 2, 3])
def test_posteriors_and_best_tags_agree_with_enumeration(length: int) -> None:
    random = np.random.default_rng(length)
    scores = random.normal(size=(1, length, len(TAGS))).astype(np.float32) * 2
    transitions = legal_transitions(random.normal(size=(len(TAGS), len(TAGS))).astype(np.float32))
    weighed = {one: weight_of(one, scores[0], transitions) for one in legal_sequences(length)}
    total = np.logaddexp.reduce(list(weighed.values()))
    expected = np.zeros((length, len(TAGS)))
    for sequence, weight in weighed.items():
        for at, tag in enumerate(sequence):
            expected[at, tag] += np.exp(weight - total)
    found = marginals(scores, np.array([length]), transitions)[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)
    padded = np.concatenate([scores, np.full((1, 2, len(TAGS)), 9, dtype=np.float32)], axis=1)
    assert best_tags(padded, np.array([length]), transitions)[0] == list(max(weighed, key=weighed.__getitem__))


def test_a_window_is_read_the_same_alone_and_in_a_batch() -> None:
    head = EntityHead(random_weights())
    batch = [random_window(length, seed) for seed, length in enumerate([3, 40, 1, 17, 40, 160])]
    together = head.find(batch)
    assert sum(map(len, together)) > 5
    for window, names in zip(batch, together, strict=True):
        (alone,) = head.find([window])
        assert [(name.start, name.end, name.label) for name in alone] == [(n.start, n.end, n.label) for n in names]
        assert [name.confidence for name in alone] == pytest.approx([n.confidence for n in names], abs=1e-4)
        assert all(0 <= name.confidence <= 1 for name in names)


def test_no_name_runs_over_a_line_break() -> None:
    head = EntityHead(random_weights(3))
    window = random_window(60, 1)
    window.shapes[::4] = Shape.BREAK
    names = head.find([window])[0]
    assert names
    assert not any(window.shapes[name.start : name.end].tolist().count(Shape.BREAK) for name in names)


def test_nothing_to_read() -> None:
    assert EntityHead(random_weights()).find([]) == []


def test_weights_survive_the_disk_without_pickle(tmp_path) -> None:
    path = tmp_path / "head.npz"
    original = random_weights()
    weights.save(path, original)
    loaded = weights.load(path)
    assert loaded.keys() == original.keys()
    for name, values in original.items():
        assert loaded[name].dtype == np.float32
        np.testing.assert_allclose(loaded[name], values, atol=np.abs(values).max() / 200)
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype in (np.int8, np.float16) for name in file.files)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.sampled_from(["PER", "ORG", "LOC"])), max_size=6))
def test_spans_to_tags_and_back(parts) -> None:
    spans, position = [], 0
    for gap, length, label in parts:
        spans.append((position + gap, position + gap + length, label))
        position += gap + length
    tags = tags_of_spans(position + 1, spans)
    assert spans_of_tags(tags) == spans
    names = ["O", *(TAGS[number] for number in tags), "O"]
    assert all(may_follow(before, after) for before, after in pairwise(names))


@pytest.mark.parametrize(
    ("token", "shape"),
    [
        ("agency", Shape.LOWER),
        ("Agency", Shape.TITLE),
        ("O’neill", Shape.TITLE),
        ("NASA", Shape.UPPER),
        ("I", Shape.CAPITAL),
        ("McDonald", Shape.MIXED),
        ("iPhone", Shape.MIXED),
        ("2026", Shape.DIGITS),
        ("18F", Shape.WITH_DIGIT),
        ("--", Shape.NO_LETTER),
        (" ", Shape.SPACE),
        ("\n\n", Shape.BREAK),
        ("Ærø", Shape.TITLE),
    ],
)
def test_shapes(token: str, shape: Shape) -> None:
    assert shape_of(token) is shape


@given(st.lists(st.sampled_from(["word", ".", "\n", "Name"]), max_size=700))
def test_windows_cover_every_token_once(tokens) -> None:
    cuts = list(windows(tokens))
    assert [position for start, end in cuts for position in range(start, end)] == list(range(len(tokens)))
    assert all(0 < end - start <= MAX_TOKENS for start, end in cuts)


def test_a_long_text_is_cut_at_the_end_of_a_sentence() -> None:
    tokens = [*["word"] * 120, ".", *["word"] * 200]
    assert next(iter(windows(tokens))) == (0, 121)


def test_nothing_is_made_up_beyond_the_last_word_piece() -> None:
    document = spacy.blank("en")("Ada met Bo in Rome")
    pieces = np.array([[0, 3], [4, 7]], dtype=np.int32)  # MiniLM stopped after "met"
    states = TextStates(np.zeros(384, dtype=np.float32), pieces, np.ones((2, STATE_SIZE), dtype=np.float32))
    window = window_of([(token.idx, token.text) for token in document], states)
    assert window.shapes.tolist() == [Shape.TITLE, Shape.LOWER, Shape.BREAK, Shape.BREAK, Shape.BREAK]
    assert not any(name.end > 2 for name in EntityHead(random_weights()).find([window])[0])


@given(
    st.lists(
        st.sampled_from(
            [*"aB.,:;()'’-/\n\t ", "don't", "U.S.", "a.m.", ":-)", "https://x.org/?a=b", "東京", "18F", "C++"]
        )
    )
)
def test_tokens_are_those_of_spacy(parts) -> None:
    text = "".join(parts).strip()
    expected = [(token.idx, token.text) for token in NLP.tokenizer(text)]
    assert TOKENIZER.tokens(text) == TOKENIZER.tokens(text) == expected


def test_words_are_remembered_within_bounds() -> None:
    tokenizer = Tokenizer(NLP)
    strings = len(NLP.vocab.strings)
    assert tokenizer.tokens("x" * 100_000) == [(0, "x" * 100_000)]
    tokenizer.tokens(" ".join(f"novel{number}word" for number in range(500)))
    assert len(NLP.vocab.strings) == strings
    assert tokenizer._remembered.cache_info().currsize == 500
