"""Names and page vectors from one pass over the pages' windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest

from tagging.embedding import embed_pages, get_embedder
from tagging.ner import get_recognizer
from tagging.ner.base import StatesRecognizer
from tagging.ner.minilm.recognizer import MiniLmRecognizer
from tagging.pipeline import analyze
from tagging.reading.minilm import MiniLmEncoder
from tagging.reading.states import STATE_SIZE, TextStates
from tagging.reading.windows import Window, page_windows
from tagging.testing import FakeEmbedder, FakeRecognizer
from tagging.types import Analysis, AnalysisFailure, PageText

FLOODS = PageText(1, "Floods in Leeds", "", ("Rivers rose in Leeds.",), "en")
TRAINS = PageText(2, "Trains to Bath", "", ("The BOOM trains stopped in Bath.", "They stood for hours."), "en")
EMPTY = PageText(3, "", "", (), "en")
FRENCH = PageText(4, "Crues à Leeds", "", ("Les rivières montent.",), "fr")
LONG = PageText(
    5, "Long", "In short.", ("The river Aire rose once more above its old walls in Leeds. " * 300,), "en-gb"
)
PAGES = [FLOODS, TRAINS, EMPTY, LONG]


class Encoder:
    """Reads backwards, to hold nobody to an order; `passes` tells how often and what."""

    def __init__(self, embedder: FakeEmbedder) -> None:
        self.embedder = embedder
        self.passes: list[list[str]] = []

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[int, TextStates]]:
        self.passes.append(list(texts))
        for number, text in reversed(list(enumerate(texts))):
            nothing = np.zeros((0, 2), dtype=np.int32), np.zeros((0, STATE_SIZE), dtype=np.float32)
            yield number, TextStates(self.embedder._vector(text).astype(np.float32), *nothing)
            if "BOOM" in text:
                raise RuntimeError("The pass broke.")


class StatesEmbedder(FakeEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self._encoder = Encoder(self)

    @property
    def encoder(self) -> Encoder:
        return self._encoder


class Names(FakeRecognizer, StatesRecognizer):
    """Knows where the windows were that it got."""

    def __init__(self) -> None:
        super().__init__({"Leeds": "LOC", "Bath": "LOC"})
        self.read: list[Window] = []

    def recognize_read(self, texts: Sequence[PageText], read: Iterable[tuple[Window, TextStates]]):
        self.read += [window for window, _states in read]
        return [list(self._mentions(text)) for text in texts]


def run(pages, recognizer_for, embedder, **more) -> dict[int, Analysis | AnalysisFailure]:
    return {result.page_id: result for result in analyze(pages, recognizer_for, embedder, [], **more)}


def test_one_pass_gives_vectors_and_names():
    embedder, names = StatesEmbedder(), Names()
    pages = [FLOODS, EMPTY, LONG]
    results = run(pages, lambda _: names, embedder)
    assert len(embedder.encoder.passes) == 1
    assert embedder.calls == names.calls == []
    for page, expected in zip(pages, embed_pages(FakeEmbedder(), pages), strict=True):
        vector = results[page.page_id].vector
        assert (vector is None) == (expected is None)
        if expected is not None:
            np.testing.assert_allclose(vector, expected, atol=1e-6)
    assert [entity.name for entity in results[1].entities] == ["Leeds"]


def test_names_are_looked_for_where_no_vector_comes_from():
    embedder, names = StatesEmbedder(), Names()
    run([LONG], lambda _: names, embedder)
    assert len(names.read) == len(page_windows([LONG], for_names=True))
    assert sum(not window.weight for window in names.read) > 10


def test_pages_of_other_languages_are_embedded_beside():
    embedder, english, french = StatesEmbedder(), Names(), FakeRecognizer({"Leeds": "LOC"})
    results = run([FLOODS, FRENCH], lambda language: french if language == "fr" else english, embedder)
    assert embedder.calls == [["Crues à Leeds", "Les rivières montent."]]
    assert french.calls == [[4]]
    assert [entity.name for entity in results[4].entities] == ["Leeds"]
    np.testing.assert_allclose(results[4].vector, embed_pages(FakeEmbedder(), [FRENCH])[0], atol=1e-6)


def test_another_model_leaves_the_recogniser_to_read_by_itself():
    names, embedder = Names(), FakeEmbedder()
    run([FLOODS], lambda _: names, embedder)
    assert names.calls == [[1]]
    assert names.read == []
    assert len(embedder.calls) == 1


def test_what_is_known_is_not_read_again():
    embedder, names = StatesEmbedder(), Names()
    first = run([FLOODS, TRAINS.__class__(2, "Bath", "", ("Trains.",), "en")], lambda _: names, embedder)
    embedder.encoder.passes.clear()
    known = {key: result.entities for key, result in first.items()}
    vectors = {key: result.vector for key, result in first.items()}
    again = run([FLOODS], lambda _: names, embedder, known_vectors=vectors, known_entities=known)
    assert embedder.encoder.passes == embedder.calls == []
    assert again[1].vector is vectors[1]
    # Another recogniser: the pass runs, and what is known of the vector stands.
    again = run([FLOODS], lambda _: names, embedder, known_vectors=vectors)
    assert len(embedder.encoder.passes) == 1
    assert again[1].vector is vectors[1]
    # Another embedder: names are not looked for.
    again = run([FLOODS], lambda _: names, embedder, known_entities=known)
    assert len(embedder.encoder.passes) == 1
    assert len(embedder.calls) == 1
    assert again[1].entities == known[1]


def test_a_page_that_breaks_the_pass_fails_alone():
    results = run(PAGES, lambda _: Names(), StatesEmbedder())
    assert results[2] == AnalysisFailure(2, "RuntimeError: The pass broke.")
    assert all(isinstance(results[key], Analysis) for key in (1, 3, 5))


ARTICLE = PageText(
    9,
    "Grace Hopper Remembered at Harvard University",
    "The navy's best-known programmer, sixty years on.",
    (
        "Grace Hopper was born in New York. Hopper joined the United States Navy in 1943 and was sent to Harvard.",
        "The Federal Bureau of Investigation (FBI) never asked her. The FBI's director, J. Edgar Hoover, did not care.",
        *["In Philadelphia she wrote a compiler for Remington Rand, and in Arlington she was buried. " * 9] * 4,
        "At the very end of this page, Ada Lovelace is named beside Kurt Gödel.",
    ),
    "en",
)


@pytest.mark.models
class TestRealModels:
    @pytest.fixture
    def forwards(self, monkeypatch):
        """The sizes of the batches that MiniLM read."""
        sizes: list[int] = []
        forward = MiniLmEncoder._forward

        def counted(self, ids):
            sizes.append(len(ids))
            return forward(self, ids)

        monkeypatch.setattr(MiniLmEncoder, "_forward", counted)
        return sizes

    def test_every_window_is_read_once_for_all(self, forwards, monkeypatch):
        embedder = get_embedder()
        monkeypatch.setattr(type(embedder), "embed", lambda *_: pytest.fail("a second pass"))
        (result,) = analyze([ARTICLE], get_recognizer, embedder, [])
        assert isinstance(result, Analysis)
        assert sum(forwards) == len(page_windows([ARTICLE], for_names=True))
        assert len(forwards) == 1
        found = {entity.name: entity for entity in result.entities}
        labels = {name: entity.label for name, entity in found.items()}
        assert labels.items() >= {"Grace Hopper": "PER", "New York": "LOC", "Harvard University": "ORG"}.items()
        assert found["Federal Bureau of Investigation"].aliases == ("FBI",)
        assert found["Grace Hopper"].count >= 3
        assert {"Ada Lovelace", "Kurt Gödel", "Philadelphia"} <= found.keys()

    def test_vectors_are_those_of_the_embedder(self):
        embedder = get_embedder()
        results = run([*PAGES, ARTICLE], get_recognizer, embedder)
        for page, expected in zip([*PAGES, ARTICLE], embed_pages(embedder, [*PAGES, ARTICLE]), strict=True):
            vector = results[page.page_id].vector
            assert (vector is None) == (expected is None)
            if expected is not None:
                np.testing.assert_allclose(vector, expected, atol=1e-5)

    def test_with_another_embedder_the_same_names_are_found(self):
        shared = run([ARTICLE], get_recognizer, get_embedder())[9]
        alone = run([ARTICLE], lambda _: MiniLmRecognizer(), FakeEmbedder())[9]
        assert [(entity.name, entity.count) for entity in alone.entities] == [
            (entity.name, entity.count) for entity in shared.entities
        ]
