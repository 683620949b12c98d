"""Vectors of pages, and the family of embedders."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from tagging.embedding import current_name, embed_pages, get_embedder
from tagging.embedding.sentence_transformer import SentenceTransformerEmbedder
from tagging.exceptions import ModelUnavailable
from tagging.testing import FakeEmbedder
from tagging.types import PageText

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
texts = st.builds(
    PageText,
    page_id=st.integers(1, 99),
    title=st.text(max_size=30),
    summary=st.text(max_size=60),
    body=st.lists(st.text(min_size=1, max_size=80), max_size=5).map(tuple),
    language=st.just("en"),
)


def page(title: str = "", summary: str = "", *body: str) -> PageText:
    return PageText(1, title, summary, body, "en")


@given(st.lists(texts, max_size=4))
@settings(deadline=None)
def test_every_page_with_a_word_gets_a_unit_vector(pages):
    for text, vector in zip(pages, embed_pages(FakeEmbedder(), pages), strict=True):
        has_word = any(char.isalnum() or char == "_" for part in text.paragraphs() for char in part)
        if has_word:
            assert vector is not None
            assert vector.dtype == np.float32
            assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
        else:
            assert vector is None


def test_a_whole_batch_is_one_call():
    embedder = FakeEmbedder()
    embed_pages(embedder, [page("One", "Summary", "body " * 500), page("Two"), page()])
    assert len(embedder.calls) == 1


def test_no_words_at_all_costs_no_call():
    embedder = FakeEmbedder()
    assert embed_pages(embedder, [page("…", "", "—", "🙂")]) == [None]
    assert embedder.calls == []


def test_page_of_a_title_alone_is_its_title():
    embedder = FakeEmbedder()
    (vector,) = embed_pages(embedder, [page("Night trains")])
    assert vector == pytest.approx(embedder.embed(["Night trains"])[0], abs=1e-6)


def test_title_and_summary_weigh_more_than_a_paragraph():
    embedder = FakeEmbedder(dimensions=512)
    body = [f"paragraph {number} of other things " * 30 for number in range(9)]
    (vector,) = embed_pages(embedder, [page("volcano", "glacier", *body, "cathedral " * 8)])
    title, summary, paragraph = embedder.embed(["volcano", "glacier", "cathedral"]) @ vector
    assert title > summary > paragraph


def test_embedder_is_kept_until_the_settings_name_another():
    first = get_embedder()
    assert get_embedder() is first
    with override_settings(
        WAGTAIL_TAGGING={"EMBEDDING_BACKEND": "tagging.testing.FakeEmbedder", "EMBEDDING_MODEL": "tiny"}
    ):
        assert current_name() == "tiny@words@fp32"
    assert get_embedder() is first
    assert current_name() == f"{MINILM}@torch@fp32"


def test_missing_package_is_told_with_its_fix(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match=r"pip install 'wagtail-affinity\[models\]'"):
        SentenceTransformerEmbedder(MINILM).embed(["text"])


@pytest.mark.models
def test_unknown_model_is_told_with_its_fix(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        SentenceTransformerEmbedder(str(tmp_path / "no-such-model")).embed(["text"])


@pytest.mark.models
def test_packaged_minilm_needs_no_hub_and_knows_meaning():
    embedder = get_embedder()
    night, sleeper, cheese = embedder.embed(["Night trains across Europe", "Sleeper services return", "Making cheese"])
    assert embedder.dimensions == 384
    assert np.linalg.norm(night) == pytest.approx(1, abs=1e-5)
    assert night @ sleeper > night @ cheese + 0.1


@pytest.mark.models
def test_order_of_a_batch_does_not_matter():
    embedder = get_embedder()
    batch = ["short", "a much longer text about rivers and the sea " * 20, "middle sized text"]
    assert embedder.embed(batch)[::-1] == pytest.approx(embedder.embed(batch[::-1]), abs=1e-4)
    assert embedder.embed([]).shape == (0, 384)
