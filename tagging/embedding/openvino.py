"""Embedding by OpenVINO."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tagging.exceptions import ModelUnavailable

from .exported import ExportedEmbedder, Graph

FILE = "model.xml"


class OpenVinoEmbedder(ExportedEmbedder):
    """A sentence-transformers model, converted to OpenVINO's format in fp32."""

    backend = "openvino"
    packages = ("openvino", "tokenizers")
    extra = "openvino"

    def load(self, folder: Path) -> Graph:
        # Without the second hint a processor that can would compute in bfloat16.
        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        graph = _openvino().Core().compile_model(folder / FILE, "CPU", hints)
        return lambda features: list(graph(dict(features)).values())

    def write(self, module: Any, example: Mapping[str, Any], folder: Path) -> None:
        openvino = _openvino()
        frontend = openvino.frontend.FrontEndManager().load_by_framework("pytorch")
        decoder = importlib.import_module("openvino.frontend.pytorch.ts_decoder")
        traced = decoder.TorchScriptPythonDecoder(module, example_input=tuple(example.values()))
        model = frontend.convert(frontend.load(traced))
        for port, name in zip(model.inputs, example, strict=True):
            port.get_tensor().set_names({name})
        openvino.save_model(model, folder / FILE, compress_to_fp16=False)


class OpenVinoInt8Embedder(OpenVinoEmbedder):
    """The same model with int8 weights, quantised beforehand: docs/install.md has the recipe."""

    precision = "int8"

    def check_export(self) -> None:
        raise ModelUnavailable(
            f"There is no int8 model in {self.folder}. docs/install.md of wagtail-affinity says how it is quantised,"
            f" from what manage.py export_embedding_model {self.model} --backend openvino writes."
        )


def _openvino() -> Any:
    # Importing OpenVINO reports it to Google Analytics, unless the package that does so is missing.
    # None in its place is Python's way to make an import fail; its type stub knows modules only.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    return importlib.import_module("openvino")
