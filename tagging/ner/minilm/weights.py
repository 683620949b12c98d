"""The head's weights on disk: int8 matrices with a scale for each row, in a plain .npz without pickle."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .crf import Floats

FOLDER = Path(__file__).parent.parent / "weights"
"""Where the shipped models lie, with their licence."""

HEAD = FOLDER / "minilm_en.npz"
CNN = FOLDER / "cnn_en"

_SCALE = ".scale"


def save(path: Path, weights: Mapping[str, Floats]) -> None:
    """Store the weights: matrices rounded to 8 bits a number, vectors to 16."""
    stored: dict[str, npt.NDArray[np.int8] | npt.NDArray[np.float16]] = {}
    for name, values in weights.items():
        if values.ndim < 2:
            stored[name] = values.astype(np.float16)
            continue
        scale = (np.abs(values).max(axis=1, keepdims=True) / 127).astype(np.float16)
        scale = np.maximum(scale, np.float16(1e-6))
        stored[name] = np.clip(np.rint(values / scale.astype(np.float32)), -127, 127).astype(np.int8)
        stored[name + _SCALE] = scale
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, allow_pickle=False, **stored)


def digest(path: Path) -> str:
    """Eight characters that change with the content of a file, or of all files in a folder."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    total = blake2b(digest_size=4)
    for file in files:
        total.update(file.read_bytes())
    return total.hexdigest()


def load(path: Path) -> dict[str, Floats]:
    """The weights by name, as float32."""
    with np.load(path, allow_pickle=False) as file:
        stored = dict(file)
    weights = {}
    for name, values in stored.items():
        if not name.endswith(_SCALE):
            scale = stored.get(name + _SCALE)
            weights[name] = values.astype(np.float32) * (np.float32(1) if scale is None else scale.astype(np.float32))
    return weights
