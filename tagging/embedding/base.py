"""What every embedding engine offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tagging.reading.states import Encoder


class Embedder(ABC):
    """Turns texts into vectors. Constructing one loads nothing: the first `embed` does.

    A subclass takes the model's name: `Embedder(model)`. It asks no database: workers read pages in a thread, while
    those before are stored.
    """

    def __init__(self, model: str) -> None:
        self.model = model

    @property
    @abstractmethod
    def name(self) -> str:
        """Unique id `model@backend@precision`; vectors of different names are never compared. Loads nothing."""

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """Length of every vector. May load the model."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit-length vectors of shape (len(texts), dimensions), in the order of the texts.

        Raises ModelUnavailable where the engine or the model is not installed.
        """

    @property
    def encoder(self) -> Encoder | None:
        """What gives the vectors of `embed` together with MiniLM's states, so that one pass finds names as well.

        None where the model is another one. Loads nothing.
        """
        return None

    @abstractmethod
    def check(self) -> None:
        """Raise ModelUnavailable, naming the fix, where `embed` could not work here. Loads no model."""
