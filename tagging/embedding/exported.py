"""Models that were exported once from sentence-transformers, and run without torch."""

from __future__ import annotations

import importlib.util
import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from tagging.conf import settings
from tagging.exceptions import ModelUnavailable
from tagging.reading.ahead import one_ahead
from tagging.reading.batches import batches
from tagging.reading.minilm import PACKAGE
from tagging.reading.states import TextStates

from .base import Embedder
from .export import MANIFEST, TOKENIZER, export
from .pieces import Features, PieceTokenizer
from .sentence_transformer import PACKAGED, SentenceTransformerEmbedder

if TYPE_CHECKING:
    from tokenizers import Encoding

Floats = npt.NDArray[np.float32]
Graph = Callable[[Features], Sequence[Floats]]


class ExportedEmbedder(Embedder):
    """A sentence-transformers model as a graph in a folder below MODEL_DIR, which is made at first use.

    Making the folder needs `wagtail-affinity[models]`; using it needs only the engine, so that a
    worker that is given the folder runs without torch.
    """

    backend: ClassVar[str]
    precision: ClassVar[str] = "fp32"
    packages: ClassVar[tuple[str, ...]]
    export_packages: ClassVar[tuple[str, ...]] = ("filelock",)
    extra: ClassVar[str]

    def __init__(self, model: str, folder: Path | None = None) -> None:
        super().__init__(model)
        self._folder = folder

    @property
    def name(self) -> str:
        return f"{self.model}@{self.backend}@{self.precision}"

    @property
    def folder(self) -> Path:
        """Where the exported model is kept, there or not."""
        if self._folder:
            return self._folder
        directory = re.sub(r"[^\w.-]+", "--", self.model)
        return model_dir() / directory / f"{self.backend}-{self.precision}"

    @property
    def dimensions(self) -> int:
        return int(self._manifest["dimensions"])

    @cached_property
    def encoder(self) -> ExportedEncoder | None:
        return ExportedEncoder(self) if self._has_states else None

    def embed(self, texts: Sequence[str]) -> Floats:
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for batch, _encoded, outputs in self.passes(texts):
            vectors[batch] = outputs[0]
        return vectors

    def passes(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[Encoding], Sequence[Floats]]]:
        """(numbers of the texts, their word pieces, what `load` describes) for each batch."""
        encoded = self._tokenizer.encode(texts)
        for batch in batches([len(one) for one in encoded]):
            of_batch = [encoded[number] for number in batch]
            yield batch, of_batch, self._graph(self._tokenizer.features(of_batch, self._manifest["inputs"]))

    def check(self) -> None:
        needed = self.packages if self.folder.exists() else (*self.packages, *self.export_packages)
        missing = [package for package in needed if importlib.util.find_spec(package) is None]
        if missing:
            raise ModelUnavailable(
                f"Not installed: {', '.join(missing)}. Run: pip install 'wagtail-affinity[{self.extra}]'"
            )
        if not self.folder.exists():
            self.check_export()

    def check_export(self) -> None:
        """Raise ModelUnavailable where the folder is missing and could not be made. Loads no model."""
        SentenceTransformerEmbedder(self.model).check()

    def prepare(self) -> Path:
        """The folder, which is made where it is missing. Raises ModelUnavailable."""
        self.check()
        if not self.folder.exists():
            export(self)
        return self.folder

    @abstractmethod
    def load(self, folder: Path) -> Graph:
        """The graph of an exported folder: features (n, tokens) to unit-length vectors (n, dimensions).

        Of MiniLM also the states (n, tokens, 768) that the entity head reads.
        """

    @abstractmethod
    def write(self, module: Any, example: Mapping[str, Any], folder: Path) -> None:
        """Write a torch module, called with the tensors of `example` in their order, as a graph into a folder."""

    @cached_property
    def _manifest(self) -> dict[str, Any]:
        return read_manifest(self.prepare(), self.model)

    @cached_property
    def _tokenizer(self) -> PieceTokenizer:
        return PieceTokenizer(self.prepare() / TOKENIZER)

    @cached_property
    def _graph(self) -> Graph:
        return self.load(self.prepare())

    @property
    def _has_states(self) -> bool:
        """The entity head is trained on states in full precision."""
        return self.precision == "fp32" and PACKAGED.get(self.model) == PACKAGE


class ExportedEncoder:
    """MiniLM on another engine, an `Encoder`: one pass gives the vectors and what the entity head reads."""

    def __init__(self, embedder: ExportedEmbedder) -> None:
        self._embedder = embedder

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[int, TextStates]]:
        """As `Encoder.encode`: longest first."""
        for batch, encoded, (vectors, states) in one_ahead(self._embedder.passes(texts)):
            for row, number in enumerate(batch):
                inside = slice(1, len(encoded[row]) - 1)  # without [CLS] and [SEP]
                pieces = np.asarray(encoded[row].offsets[inside], dtype=np.int32).reshape(-1, 2)
                yield number, TextStates(vectors[row], pieces, states[row, inside])


def model_dir() -> Path:
    """The folder of exported models: MODEL_DIR, or one below the user's cache folder."""
    return Path(settings.MODEL_DIR or "~/.cache/wagtail-affinity").expanduser()


def read_manifest(folder: Path, model: str) -> dict[str, Any]:
    """What an export says of itself. Raises ModelUnavailable where it is no export of this model."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{folder} is no exported model ({error}). Delete it, to have it made anew.") from error
    if manifest["model"] != model:
        raise ModelUnavailable(f"{folder} holds the model {manifest['model']!r}, not {model!r}. Set another MODEL_DIR.")
    return manifest
