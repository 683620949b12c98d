"""The embedding backends by their short names; any other class by its dotted path."""

from __future__ import annotations

from typing import cast

from django.utils.module_loading import import_string

from .base import Embedder

BACKENDS = {
    "torch": "tagging.embedding.sentence_transformer.SentenceTransformerEmbedder",
    "onnx": "tagging.embedding.onnx.OnnxEmbedder",
    "openvino": "tagging.embedding.openvino.OpenVinoEmbedder",
    "openvino-int8": "tagging.embedding.openvino.OpenVinoInt8Embedder",
    "http": "tagging.embedding.http.HttpEmbedder",
}


def backend_class(backend: str) -> type[Embedder]:
    """The class of a backend, by its short name or dotted path. Raises ImportError; loads no engine."""
    return cast("type[Embedder]", import_string(BACKENDS.get(backend, backend)))


def backend_of(embedder: Embedder) -> str:
    """What `backend_class` finds the embedder's class by: its short name where it has one."""
    path = f"{type(embedder).__module__}.{type(embedder).__qualname__}"
    return next((name for name, known in BACKENDS.items() if known == path), path)
