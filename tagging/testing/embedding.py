"""What every embedder must keep, for tests of your own: a mixin for a pytest class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tagging.embedding.base import Embedder

TEXTS = [
    "Night trains across Europe",
    "The river rose in the night, and the council met at six to decide which of the bridges to close. " * 12,
    "Ünïcode: 東京は日本の首都です。 🙂",
    "short",
]


class EmbedderContract:
    """Subclass it, and give a fixture `make` that makes an embedder anew, as `Embedder(model)` would.

    class TestMine(EmbedderContract):
        @pytest.fixture
        def make(self):
            return lambda: MyEmbedder("my-model")
    """

    @pytest.fixture
    def embedder(self, make: Callable[[], Embedder]) -> Embedder:
        """One for each test."""
        return make()

    def test_the_name_says_model_backend_and_precision(self, make: Callable[[], Embedder]) -> None:
        """It is the same for every instance, and at most 200 characters long: it is a column's value."""
        model, backend, precision = make().name.rsplit("@", 2)
        assert model
        assert backend
        assert precision
        assert make().name == make().name
        assert len(make().name) <= 200

    def test_check_passes_where_embed_works(self, embedder: Embedder) -> None:
        embedder.check()
        embedder.embed(TEXTS[:1])

    def test_a_row_for_each_text_of_unit_length(self, embedder: Embedder) -> None:
        vectors = embedder.embed(TEXTS)
        assert vectors.shape == (len(TEXTS), embedder.dimensions)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-4)

    def test_no_texts_no_rows(self, embedder: Embedder) -> None:
        assert embedder.embed([]).shape == (0, embedder.dimensions)

    def test_rows_are_in_the_order_of_the_texts(self, embedder: Embedder) -> None:
        forwards, backwards = embedder.embed(TEXTS), embedder.embed(TEXTS[::-1])
        assert np.sum(forwards * backwards[::-1], axis=1) == pytest.approx(1, abs=1e-3)

    def test_the_same_text_is_the_same_vector_whatever_is_beside_it(self, embedder: Embedder) -> None:
        alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
        many = embedder.embed(TEXTS * 20)
        assert np.sum(np.tile(alone, (20, 1)) * many, axis=1) == pytest.approx(1, abs=1e-3)

    def test_different_texts_differ(self, embedder: Embedder) -> None:
        vectors = embedder.embed(TEXTS)
        assert np.max(vectors @ vectors.T - np.eye(len(TEXTS)) * 2) < 0.999

    def test_its_encoder_gives_the_same_vectors_and_states_for_each_piece(self, embedder: Embedder) -> None:
        """Where it has one: an embedder of another model has none."""
        if embedder.encoder is None:
            return
        vectors = embedder.embed(TEXTS)
        read = dict(embedder.encoder.encode(TEXTS))
        assert sorted(read) == list(range(len(TEXTS)))
        for number, states in read.items():
            assert states.vector @ vectors[number] == pytest.approx(1, abs=1e-3)
            assert len(states.pieces) == len(states.states) > 0
            assert (states.pieces[:, 0] < states.pieces[:, 1]).all()
            assert states.pieces.max() <= len(TEXTS[number])
