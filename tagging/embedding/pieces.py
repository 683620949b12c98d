"""Word pieces for exported models: counted first, and padded once it is known which texts make a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tagging.reading.batches import padded_length

if TYPE_CHECKING:
    from tokenizers import Encoding

Features = Mapping[str, npt.NDArray[np.int64]]


class PieceTokenizer:
    """The tokenizer of an exported model, from its file."""

    def __init__(self, file: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(file))
        self._padding = self._tokenizer.padding or {}
        self._limit = (self._tokenizer.truncation or {}).get("max_length")
        self._tokenizer.no_padding()

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """The pieces of each text, cut off where the model reads no further."""
        encoded: list[Encoding] = self._tokenizer.encode_batch(list(texts))
        return encoded

    def features(self, encoded: Sequence[Encoding], names: Iterable[str]) -> Features:
        """The arrays (texts, pieces) of these names that the model reads, padded as it was trained."""
        longest = max(map(len, encoded))
        length = padded_length(longest)
        if self._limit:
            length = max(longest, min(length, self._limit))
        columns = {
            "input_ids": ([one.ids for one in encoded], self._padding.get("pad_id", 0)),
            "attention_mask": ([one.attention_mask for one in encoded], 0),
            "token_type_ids": ([one.type_ids for one in encoded], self._padding.get("pad_type_id", 0)),
        }
        return {name: self._padded(*columns[name], length) for name in names}

    def _padded(self, rows: Sequence[Sequence[int]], filler: int, length: int) -> npt.NDArray[np.int64]:
        padded = np.full((len(rows), length), filler, dtype=np.int64)
        is_left = self._padding.get("direction") == "left"
        for line, row in zip(padded, rows, strict=True):
            line[slice(length - len(row), None) if is_left else slice(len(row))] = row
        return padded
