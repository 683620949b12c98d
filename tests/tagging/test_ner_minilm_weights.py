"""The entity model that ships: what it finds, how sure it is, and what lies beside it."""

import numpy as np
import pytest

from tagging.ner.minilm import weights
from tagging.ner.minilm.labels import TAGS
from tagging.ner.minilm.tokens import Shape
from tagging.reading.states import STATE_SIZE

HEAD = weights.FOLDER / "minilm_en.npz"


def test_the_weights_are_small_plain_arrays() -> None:
    assert HEAD.stat().st_size < 650_000
    with np.load(HEAD, allow_pickle=False) as file:
        assert {file[name].dtype for name in file.files} <= {np.dtype(np.int8), np.dtype(np.float16)}
    loaded = weights.load(HEAD)
    assert loaded["project"].shape[1] == STATE_SIZE
    assert loaded["shape"].shape[0] == len(Shape)
    assert loaded["score"].shape[0] == len(TAGS)
    assert all(np.isfinite(values).all() for values in loaded.values())


def test_the_licence_lies_beside_the_weights() -> None:
    text = (weights.FOLDER / "LICENSE.md").read_text()
    assert "CC BY-SA 4.0" in text
    for source in ("English-EWT", "WikiGold", "WNUT", "Broad Twitter Corpus", "CrossNER", "all-MiniLM-L6-v2"):
        assert source in text


@pytest.fixture(scope="module")
def nlp():
    import spacy

    from tagging.ner.minilm import component

    pipeline = spacy.blank("en")
    pipeline.add_pipe(component.NAME)
    return pipeline


def found(document) -> list[tuple[str, str]]:
    return [(entity.text, entity.label_) for entity in document.ents]


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Angela Merkel met officials of the World Health Organization in Geneva.",
            [("Angela Merkel", "PER"), ("World Health Organization", "ORG"), ("Geneva", "LOC")],
        ),
        ("angela merkel flew from berlin to paris.", [("angela merkel", "PER"), ("berlin", "LOC"), ("paris", "LOC")]),
        ("BARACK OBAMA VISITS GERMANY", [("BARACK OBAMA", "PER"), ("GERMANY", "LOC")]),
        ("The kettle boils when the water is hot.", []),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_names_are_found_in_any_case(nlp, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(nlp(text)) == expected


@pytest.mark.models
def test_every_entity_says_how_sure_it_is_and_always_the_same(nlp) -> None:
    texts = ["Grace Hopper worked at Harvard University. " * 30, "Toyota opened a plant in Kentucky.", "So it goes."]
    together = list(nlp.pipe(texts))
    for document, alone in zip(together, map(nlp, texts), strict=True):
        assert found(document) == found(alone)
        confidences = [entity._.confidence for entity in document.ents]
        assert all(0 < confidence <= 1 for confidence in confidences)
        assert confidences == pytest.approx([entity._.confidence for entity in alone.ents], abs=1e-3)
    assert len(together[0].ents) == 60


@pytest.mark.models
def test_entities_set_before_stay(nlp) -> None:
    import spacy

    ruled = spacy.blank("en")
    ruled.add_pipe("entity_ruler").add_patterns([{"label": "ORG", "pattern": "Paris Review"}])
    ruled.add_pipe("affinity_ner")
    assert found(ruled("The Paris Review interviewed Toni Morrison.")) == [
        ("Paris Review", "ORG"),
        ("Toni Morrison", "PER"),
    ]


@pytest.mark.models
def test_the_pass_that_gives_states_gives_the_page_vector_of_sentence_transformers() -> None:
    from sentence_transformers import SentenceTransformer

    from tagging.reading.minilm import MiniLmEncoder, packaged_location

    texts = ["Grace Hopper wrote a compiler.", "Hi", "A long text about harbours and ships. " * 60]
    expected = SentenceTransformer(packaged_location(), device="cpu").encode(texts, normalize_embeddings=True)
    encoded = dict(MiniLmEncoder().encode(texts))
    assert encoded.keys() == {0, 1, 2}
    for number, states in encoded.items():
        np.testing.assert_allclose(states.vector, expected[number], atol=1e-5)
        assert states.states.shape == (len(states.pieces), STATE_SIZE)
