"""Fixtures of the tagging tests: fakes in the place of models."""

import pytest

from tagging import embedding, ner
from tagging.operations import topic_set
from tagging.testing import FakeEmbedder, FakeRecognizer

NAMES = {"Ada Lovelace": "PER", "Danube": "LOC", "UNESCO": "ORG"}


@pytest.fixture
def embedder(monkeypatch):
    """The embedder that the worker gets; its `calls` tell what was embedded."""
    fake = FakeEmbedder("fake")
    monkeypatch.setattr(topic_set, "_NAME_VECTORS", {})  # of another test's fake, which has the same name
    monkeypatch.setattr(embedding, "get_embedder", lambda backend=None, model=None: fake)
    monkeypatch.setattr(embedding, "current_name", lambda: fake.name)
    return fake


@pytest.fixture
def recognizer(monkeypatch):
    """The recogniser that the worker gets, for every language."""
    fake = FakeRecognizer(NAMES)
    monkeypatch.setattr(ner, "get_recognizer", lambda language: fake)
    monkeypatch.setattr(ner, "current_name", lambda language: fake.name)
    return fake
