"""Embedding: texts to vectors. Importing this package loads no model and no engine."""

from __future__ import annotations

from functools import lru_cache

from django.utils.module_loading import import_string

from tagging.conf import settings

from .base import Embedder
from .page import embed_pages

__all__ = ["Embedder", "current_name", "embed_pages", "get_embedder"]


def get_embedder() -> Embedder:
    """The embedder that the settings name: one for each process and (backend, model), loaded at first use."""
    return _embedder(settings.EMBEDDING_BACKEND, settings.EMBEDDING_MODEL)


def current_name() -> str:
    """The id of the embedder that the settings name. Loads no model: safe in a web process."""
    return get_embedder().name


@lru_cache(maxsize=8)
def _embedder(backend: str, model: str) -> Embedder:
    embedder: Embedder = import_string(backend)(model)
    return embedder
