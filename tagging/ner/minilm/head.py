"""The entity head: word shapes and MiniLM states in, names with their probability out. Pure numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tagging.types import EntityLabel

from . import weights
from .crf import Floats, Lengths, best_tags, legal_transitions, marginals
from .labels import spans_of_tags
from .reading import TokenWindow
from .tokens import Shape

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

BATCH_TOKENS = 8192
PADDED_TOKENS = 2 * BATCH_TOKENS  # of a batch: one that was filled with BATCH_TOKENS is read in one go
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Name:
    """A name over the tokens `start` to `end` of a window; `confidence` in [0, 1] is their mean posterior."""

    start: int
    end: int
    label: EntityLabel
    confidence: float


class EntityHead:
    """A trained head; `arrays` are the float32 arrays that `weights.load` reads."""

    def __init__(self, arrays: Mapping[str, Floats]) -> None:
        self._weights = arrays
        self._transitions = legal_transitions(arrays["transitions"])
        self._inward, self._bias, self._recurrent = (
            np.stack([_halved(arrays[f"{direction}_{part}"]).T for direction in ("forward", "backward")])
            for part in ("input", "bias", "recurrent")
        )

    @classmethod
    def load(cls, path: Path) -> EntityHead:
        """The head from a file of the training script."""
        return cls(weights.load(path))

    def find(self, windows: Sequence[TokenWindow]) -> list[list[Name]]:
        """The names of each window, in reading order."""
        found: list[list[Name]] = [[] for _ in windows]
        order = sorted(range(len(windows)), key=lambda number: -len(windows[number].shapes))
        start = 0
        # The LSTM's many small products take six times as long where BLAS hands each of them to other threads.
        with _thread_pools().limit(limits=1, user_api="blas"):
            while start < len(order):
                batch = order[start : start + max(1, PADDED_TOKENS // len(windows[order[start]].shapes))]
                for number, names in zip(batch, self._find([windows[number] for number in batch]), strict=True):
                    found[number] = names
                start += len(batch)
        return found

    def _find(self, windows: Sequence[TokenWindow]) -> list[list[Name]]:
        lengths = np.array([len(window.shapes) for window in windows], dtype=np.int64)
        scores = self._scores(windows, lengths)
        posteriors = marginals(scores, lengths, self._transitions)
        return [
            _names(tags, posterior)
            for tags, posterior in zip(best_tags(scores, lengths, self._transitions), posteriors, strict=True)
        ]

    def _scores(self, windows: Sequence[TokenWindow], lengths: Lengths) -> Floats:
        """(windows, tokens of the longest, tags)."""
        shapes = np.concatenate([window.shapes for window in windows])
        inputs = self._inputs(np.concatenate([window.states for window in windows]), shapes)
        steps = int(lengths.max())
        inside = np.arange(steps)[None] < lengths[:, None]
        padded = np.zeros((len(windows), steps, inputs.shape[1]), dtype=np.float32)
        padded[inside] = inputs
        forward, backward = self._lstm(np.stack([padded, _reversed(padded, lengths)]))
        hidden = np.concatenate([forward, _reversed(backward, lengths)], axis=2)
        scores: Floats = hidden @ self._weights["score"].T + self._weights["score_bias"]
        # No name runs over a line break.
        padded_shapes = np.zeros((len(windows), steps), dtype=np.int64)
        padded_shapes[inside] = shapes
        scores[padded_shapes == Shape.BREAK, 1:] = -100
        return scores

    def _inputs(self, states: Floats, shapes: npt.NDArray[np.int64]) -> Floats:
        """What the LSTM reads of each token: its state, normalised and projected, and its shape. Spoils `states`."""
        states -= states.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", states, states) / states.shape[1]
        projected = states @ self._weights["project"].T
        projected /= np.sqrt(variance + _EPSILON)[:, None]  # after the product: a sixth of the numbers
        projected += self._weights["project_bias"]
        return np.concatenate([np.maximum(projected, 0), self._weights["shape"][shapes]], axis=1, dtype=np.float32)

    def _lstm(self, inputs: Floats) -> Floats:
        """(2, windows, steps, size): both directions of an LSTM at once, each over its own `inputs` of that shape.

        Gates are in torch's order: input, forget, cell, output.
        """
        directions, windows, steps, width = inputs.shape
        # Step by step in memory, as they are read.
        in_time = inputs.transpose(0, 2, 1, 3).reshape(directions, steps * windows, width)
        gates = (in_time @ self._inward + self._bias[:, None]).reshape(directions, steps, windows, -1)
        size = self._recurrent.shape[1]
        hidden = np.zeros((directions, windows, size), dtype=np.float32)
        cell = np.zeros_like(hidden)
        outputs = np.empty((directions, windows, steps, size), dtype=np.float32)
        for step in range(steps):
            squashed = np.tanh(gates[:, step] + hidden @ self._recurrent)
            opened = np.float32(0.5) * squashed + np.float32(0.5)
            cell *= opened[..., size : 2 * size]
            cell += opened[..., :size] * squashed[..., 2 * size : 3 * size]
            hidden = opened[..., 3 * size :] * np.tanh(cell)
            outputs[:, :, step] = hidden
        return outputs


@lru_cache(maxsize=1)
def _thread_pools() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _names(tags: list[int], posteriors: Floats) -> list[Name]:
    return [
        Name(start, end, label, float(posteriors[np.arange(start, end), tags[start:end]].mean()))
        for start, end, label in spans_of_tags(tags)
    ]


def _reversed(rows: Floats, lengths: Lengths) -> Floats:
    """Each row's tokens back to front; the padding stays where it is."""
    steps = np.arange(rows.shape[1])[None]
    order = np.where(steps < lengths[:, None], lengths[:, None] - 1 - steps, steps)
    return rows[np.arange(len(rows))[:, None], order]


def _halved(gates: Floats) -> Floats:
    """Halved weights for all but the cell's part: its sigmoid is then (1 + tanh) / 2, which never overflows."""
    size = len(gates) // 4
    halved = gates * np.float32(0.5)
    halved[2 * size : 3 * size] = gates[2 * size : 3 * size]
    return halved
