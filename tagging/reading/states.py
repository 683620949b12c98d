"""What MiniLM makes of a text: the vector of the whole, and the hidden states that the entity head reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tagging.types import Vector

LAYERS = (4, 6)  # hidden states the head reads; the last layer alone loses four points of F1
STATE_SIZE = 384 * len(LAYERS)
MAX_PIECES = 256

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextStates:
    """One text as MiniLM reads it, up to its first 254 word pieces.

    `vector` is the unit-length sentence vector, as sentence-transformers makes it. `pieces` (n, 2)
    holds the start and end character of each word piece, `states` (n, 768) its hidden states.
    """

    vector: Vector
    pieces: Ints
    states: Floats

    def of_tokens(self, starts: Ints, ends: Ints) -> Floats:
        """(len(starts), 768): the mean over the word pieces of each token, zeros where it has none.

        Tokens are given by their characters in the text, in reading order.
        """
        first = np.searchsorted(self.pieces[:, 1], starts, side="right")
        counts = np.maximum(np.searchsorted(self.pieces[:, 0], ends, side="left") - first, 0)
        means = np.zeros((len(starts), STATE_SIZE), dtype=np.float32)
        # Few tokens have more than one piece: a step for the first pieces of all, one for the second, ...
        for step in range(int(counts.max(initial=0))):
            has = counts > step
            means[has] += self.states[first[has] + step]
        several = counts > 1
        means[several] /= counts[several, None]
        return means


class Encoder(Protocol):
    """all-MiniLM-L6-v2 on some engine. Making one loads nothing: the first `encode` does."""

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[int, TextStates]]:
        """(number of the text, its states) for each text, in any order and in bounded batches.

        Nothing is kept: memory stays flat however many texts there are. Raises ModelUnavailable.
        """
