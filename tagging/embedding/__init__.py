"""Embedding: texts to vectors. Importing this package loads no model and no engine."""

from __future__ import annotations

from functools import lru_cache

from tagging.conf import settings

from .backends import BACKENDS, backend_class, backend_of
from .base import Embedder
from .page import embed_pages

__all__ = ["BACKENDS", "Embedder", "backend_class", "backend_of", "current_name", "embed_pages", "get_embedder"]


def get_embedder(backend: str | None = None, model: str | None = None) -> Embedder:
    """The embedder of a backend and a model: one for each process, loaded at first use.

    Without arguments the one that the settings name. A site that has vectors uses the one that made
    them: `operations.current_embedder`.
    """
    return _embedder(backend_class(backend or settings.EMBEDDING_BACKEND), model or settings.EMBEDDING_MODEL)


def current_name() -> str:
    """The id of the embedder that the settings name. Loads no model: safe in a web process."""
    return get_embedder().name


@lru_cache(maxsize=8)
def _embedder(kind: type[Embedder], model: str) -> Embedder:
    return kind(model)
