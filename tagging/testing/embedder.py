"""An embedder that counts words."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tagging.embedding.base import Embedder

_WORD = re.compile(r"\w+")


class FakeEmbedder(Embedder):
    """Hashes words into vectors, so that texts that share words are near. The same on every machine.

    Text that contains `fails_on` raises a RuntimeError. `calls` keeps the texts of every call.
    """

    def __init__(self, model: str = "fake", *, dimensions: int = 64, fails_on: str = "") -> None:
        super().__init__(model)
        self._dimensions = dimensions
        self._fails_on = fails_on
        self.calls: list[list[str]] = []

    @property
    def name(self) -> str:
        return f"{self.model}@words@fp32"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.calls.append(list(texts))
        if self._fails_on and any(self._fails_on in text for text in texts):
            raise RuntimeError(f"The text holds {self._fails_on!r}.")
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, self._dimensions)

    def check(self) -> None:
        """Nothing can be missing."""

    def _vector(self, text: str) -> npt.NDArray[np.float64]:
        vector = np.zeros(self._dimensions)
        for word in _WORD.findall(text.casefold()) or [""]:
            digest = zlib.crc32(word.encode(errors="replace"))
            vector[digest % self._dimensions] += 1.0 if digest & 0x10000 else -1.0
            vector[(digest >> 8) % self._dimensions] += 0.5
        return vector / (np.linalg.norm(vector) or 1.0) if vector.any() else np.eye(1, self._dimensions)[0]
