"""The small spaCy model that takes over where MiniLM is absent."""

import json

import numpy as np
import pytest

from tagging.ner.minilm import weights

FOLDER = weights.FOLDER / "cnn_en"


def test_it_is_small_and_holds_no_word_of_its_training_text() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 6_000_000
    assert set(json.loads((FOLDER / "vocab" / "strings.json").read_text())) <= {"PER", "ORG", "LOC"}
    assert "/" not in (FOLDER / "config.cfg").read_text()  # no path of the machine that trained it
    assert "digital.gov" in (FOLDER.parent / "LICENSE.md").read_text()


@pytest.mark.models
def test_it_finds_names_without_minilm() -> None:
    import spacy

    nlp = spacy.load(FOLDER)
    document = nlp("John Smith works for Microsoft in London.")
    assert [(entity.text, entity.label_) for entity in document.ents] == [
        ("John Smith", "PER"),
        ("Microsoft", "ORG"),
        ("London", "LOC"),
    ]
    assert not nlp("The kettle boils when the water is hot.").ents


def test_rounding_keeps_three_digits() -> None:
    from tagging.ner.training.cnn import rounded

    values = np.random.default_rng(0).normal(size=(20, 30)).astype(np.float32)
    np.testing.assert_allclose(rounded(values), values, rtol=2**-9)
    assert not (rounded(values).view(np.uint32) & 0x7FFF).any()
    assert (rounded(rounded(values)) == rounded(values)).all()
