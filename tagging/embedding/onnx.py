"""Embedding by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .exported import ExportedEmbedder, Graph

FILE = "model.onnx"


class OnnxEmbedder(ExportedEmbedder):
    """A sentence-transformers model, exported to ONNX in fp32."""

    backend = "onnx"
    packages = ("onnxruntime", "tokenizers")
    export_packages = ("onnxscript", "filelock")
    extra = "onnx"

    def load(self, folder: Path) -> Graph:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Threads that wait for the next batch would take the processor from those who look for names meanwhile.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(folder / FILE, options, providers=["CPUExecutionProvider"])
        return lambda features: session.run(None, dict(features))

    def write(self, module: Any, example: Mapping[str, Any], folder: Path) -> None:
        import torch

        axes = {0: torch.export.Dim("texts"), 1: torch.export.Dim("tokens")}
        torch.onnx.export(
            module,
            tuple(example.values()),
            folder / FILE,
            input_names=list(example),
            dynamic_shapes=(tuple(axes for _ in example),),
            dynamo=True,
            verbose=False,
        )
