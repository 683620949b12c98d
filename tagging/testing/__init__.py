"""Fakes for tests of sites that use this app: deterministic, quick, without a model.

WAGTAIL_TAGGING = {"EMBEDDING_BACKEND": "tagging.testing.FakeEmbedder", "EMBEDDING_MODEL": "fake"}
"""

from .embedder import FakeEmbedder
from .recognizer import FakeRecognizer

__all__ = ["FakeEmbedder", "FakeRecognizer"]
