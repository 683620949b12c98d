"""Exporting a sentence-transformers model, with its pooling, to a folder that needs no torch. Once, or not at all."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagging.exceptions import ModelUnavailable
from tagging.reading.states import LAYERS

from .sentence_transformer import SentenceTransformerEmbedder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from .exported import ExportedEmbedder

MANIFEST, TOKENIZER = "manifest.json", "tokenizer.json"

logger = logging.getLogger(__name__)

SAMPLES = (
    "Night trains",
    "The river rose in the night, and the town council met at six to decide which of the bridges to close. " * 9,
    "Sleeping cars return to the railways of Europe: Österreichische Bundesbahnen, 2026.",
)
LEAST_AGREEMENT = 1 - 1e-3
PAD_TO = 8  # fewer different lengths: engines keep a plan for each shape that they have seen
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def export(embedder: ExportedEmbedder) -> Path:
    """Make the embedder's folder, unless it is there; returns it.

    The folder appears whole or not at all, and only where its vectors are those of torch. Several
    processes may do this at once: one works, the others wait. Raises ModelUnavailable.
    """
    from filelock import FileLock

    folder = embedder.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not folder.exists():
            logger.warning("Exporting %s to %s. This is done once.", embedder.model, folder)
            with _written_whole(folder) as unfinished:
                _write(embedder, SentenceTransformerEmbedder(embedder.model), unfinished)
    return folder


@contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        yield unfinished
        unfinished.chmod(0o755)  # mkdtemp keeps other users out
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(embedder: ExportedEmbedder, source: SentenceTransformerEmbedder, folder: Path) -> None:
    import torch

    transformer = source.transformer
    if not transformer.tokenizer or not getattr(transformer.tokenizer, "backend_tokenizer", None):
        raise ModelUnavailable(f"{embedder.model!r} has no fast tokenizer. Use EMBEDDING_BACKEND = 'torch' for it.")
    encoded = transformer.preprocess([SAMPLES[0], SAMPLES[2]])
    example = {name: encoded[name].to("cpu") for name in INPUTS if name in encoded}
    with torch.inference_mode(), warnings.catch_warnings():
        # Of tracing, and for the authors of transformers: what counts is whether the vectors are the same.
        warnings.simplefilter("ignore")
        graph = _reading_graph if embedder.encoder else _embedding_graph
        embedder.write(graph(transformer, tuple(example)).to("cpu").eval(), example, folder)
    _write_tokenizer(transformer, folder)
    manifest = {"model": embedder.model, "dimensions": source.dimensions, "inputs": list(example)}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))
    _compare(type(embedder)(embedder.model, folder), source)


def _embedding_graph(transformer: SentenceTransformer, names: Sequence[str]) -> Any:
    """The whole model, pooling and normalising included, as a module from tensors to vectors."""
    import torch

    class EmbeddingGraph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, *features: torch.Tensor) -> torch.Tensor:
            found = self.transformer(dict(zip(names, features, strict=True)))
            return torch.nn.functional.normalize(found["sentence_embedding"], dim=1)

    return EmbeddingGraph()


def _reading_graph(transformer: SentenceTransformer, names: Sequence[str]) -> Any:
    """MiniLM as a module from tensors to vectors and the states that the entity head reads."""
    import torch

    class ReadingGraph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.minilm: Any = transformer[0].auto_model

        def forward(self, *features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            named = dict(zip(names, features, strict=True))
            hidden = self.minilm(**named, output_hidden_states=True).hidden_states
            mask = named["attention_mask"].unsqueeze(-1).to(hidden[-1].dtype)
            mean = (hidden[-1] * mask).sum(1) / mask.sum(1)
            states = torch.cat([hidden[layer] for layer in LAYERS], dim=-1)
            return torch.nn.functional.normalize(mean, dim=1), states

    return ReadingGraph()


def _write_tokenizer(transformer: SentenceTransformer, folder: Path) -> None:
    from tokenizers import Tokenizer

    known: Any = transformer.tokenizer
    tokenizer = Tokenizer.from_str(known.backend_tokenizer.to_str())
    tokenizer.enable_truncation(int(transformer.max_seq_length or known.model_max_length))
    tokenizer.enable_padding(
        direction=known.padding_side,
        pad_id=known.pad_token_id,
        pad_type_id=known.pad_token_type_id,
        pad_token=known.pad_token,
        pad_to_multiple_of=PAD_TO,
    )
    tokenizer.save(str(folder / TOKENIZER))


def _compare(exported: ExportedEmbedder, source: SentenceTransformerEmbedder) -> None:
    """Some models need more than their graph, prompts for instance: better no vectors than wrong ones."""
    agreement = float(np.min(np.sum(exported.embed(SAMPLES) * source.embed(SAMPLES), axis=1)))
    if agreement < LEAST_AGREEMENT:
        raise ModelUnavailable(
            f"{source.model!r} gives other vectors when it is exported (cosine {agreement:.4f} to those of torch)."
            " Use EMBEDDING_BACKEND = 'torch' for it."
        )
