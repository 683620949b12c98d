"""Each embedding backend against the shipped contract, and what is particular to the exported ones."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from tagging.embedding import BACKENDS, backend_class, backend_of, get_embedder
from tagging.embedding.exported import MANIFEST
from tagging.embedding.onnx import OnnxEmbedder
from tagging.embedding.openvino import OpenVinoEmbedder, OpenVinoInt8Embedder
from tagging.embedding.sentence_transformer import SentenceTransformerEmbedder
from tagging.exceptions import ModelUnavailable
from tagging.ner.minilm.recognizer import MiniLmRecognizer
from tagging.pipeline import recognize
from tagging.testing import FakeEmbedder
from tagging.testing.embedding import TEXTS, EmbedderContract
from tagging.types import PageText

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


class TestFake(EmbedderContract):
    @pytest.fixture
    def make(self):
        return lambda: FakeEmbedder("fake")


@pytest.mark.models
class TestTorch(EmbedderContract):
    @pytest.fixture
    def make(self):
        return lambda: get_embedder("torch", MINILM)


@pytest.mark.models
@pytest.mark.parametrize("backend", ["onnx", "openvino"])
class TestExported(EmbedderContract):
    @pytest.fixture
    def make(self, backend):
        return lambda: get_embedder(backend, MINILM)

    def test_vectors_and_states_are_those_of_torch(self, embedder):
        torch = get_embedder("torch", MINILM)
        assert np.sum(embedder.embed(TEXTS) * torch.embed(TEXTS), axis=1) == pytest.approx(1, abs=1e-5)
        expected = dict(torch.encoder.encode(TEXTS))
        for number, states in embedder.encoder.encode(TEXTS):
            assert (states.pieces == expected[number].pieces).all()
            assert states.states == pytest.approx(expected[number].states, abs=1e-3)

    def test_one_pass_finds_the_same_names_as_torch(self, embedder):
        text = PageText(1, "Angela Merkel met Unesco in Vienna", "", ("Ada Lovelace of NASA was there, too.",), "en")
        found, vectors = recognize([text], lambda language: MiniLmRecognizer(), embedder)
        expected, _vectors = recognize([text], lambda language: MiniLmRecognizer(), get_embedder("torch", MINILM))
        names = [(entity.name, entity.label) for entity in found[1]]
        assert names == [(entity.name, entity.label) for entity in expected[1]]
        assert ("Angela Merkel", "PER") in names
        assert vectors[1] is not None

    def test_texts_beyond_the_token_limit_are_cut(self, embedder):
        assert embedder.embed(["river " * 5000]).shape == (1, 384)

    def test_it_runs_without_torch(self, embedder):
        """A worker that is given the folder has no need of it; OpenVINO's telemetry is not loaded either."""
        script = (
            "import sys, django; django.setup()\n"
            "from pathlib import Path\n"
            f"from {type(embedder).__module__} import {type(embedder).__qualname__} as Engine\n"
            f"print(Engine({MINILM!r}, Path({str(embedder.prepare())!r})).embed(['Night trains']).shape)\n"
            "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules],"
            " bool(sys.modules.get('openvino_telemetry')))"
        )
        environment = {"DJANGO_SETTINGS_MODULE": "cms_site.settings", "DATABASE_URL": "postgres:///unused"}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.stdout.splitlines() == ["(1, 384)", "[] False"], done.stderr

    def test_the_export_is_whole_or_absent(self, backend, tmp_path, monkeypatch):
        """A folder that is not there is made; one that fails half-way leaves nothing behind."""
        kind = backend_class(backend)
        folder = tmp_path / "kept" / "model"
        monkeypatch.setattr(kind, "write", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kind(MINILM, folder).embed(["text"])
        assert [path.name for path in folder.parent.iterdir() if path.suffix != ".lock"] == []

    def test_an_export_with_other_vectors_is_thrown_away(self, backend, tmp_path, monkeypatch):
        kind = backend_class(backend)
        folder = tmp_path / "model"
        monkeypatch.setattr(kind, "embed", lambda self, texts: np.eye(len(texts), 384, dtype=np.float32))
        with pytest.raises(ModelUnavailable, match="other vectors when it is exported"):
            kind(MINILM, folder).prepare()
        assert not folder.exists()


@pytest.mark.parametrize(
    ("backend", "kind"),
    [("torch", SentenceTransformerEmbedder), ("onnx", OnnxEmbedder), ("openvino", OpenVinoEmbedder)],
)
def test_short_names_and_dotted_paths_are_the_same_embedder(backend, kind):
    assert get_embedder(backend, "tiny") is get_embedder(BACKENDS[backend], "tiny")
    assert type(get_embedder(backend, "tiny")) is kind
    assert backend_of(kind("tiny")) == backend
    assert kind("org/tiny").name == f"org/tiny@{backend}@fp32"


def test_precision_is_part_of_the_name_and_of_the_folder(tmp_path):
    with override_settings(WAGTAIL_TAGGING={"MODEL_DIR": tmp_path}):
        full, small = get_embedder("openvino", MINILM), get_embedder("openvino-int8", MINILM)
        assert (full.name, small.name) == (f"{MINILM}@openvino@fp32", f"{MINILM}@openvino@int8")
        assert full.folder == tmp_path / "sentence-transformers--all-MiniLM-L6-v2" / "openvino-fp32"
        assert small.folder == full.folder.with_name("openvino-int8")
        assert small.encoder is None, "the entity head reads states in full precision"
        with pytest.raises(ModelUnavailable, match=r"no int8 model in .*/openvino-int8\. docs/install\.md"):
            small.embed(["text"])


@pytest.mark.models
def test_an_int8_folder_is_loaded_as_it_is(tmp_path):
    """Quantised elsewhere; here the model in full precision stands in for it."""
    import shutil

    folder = tmp_path / "openvino-int8"
    shutil.copytree(get_embedder("openvino", MINILM).prepare(), folder)
    small = OpenVinoInt8Embedder(MINILM, folder)
    assert small.embed(TEXTS).shape == (len(TEXTS), 384)


def test_a_folder_of_another_model_is_refused(tmp_path):
    (tmp_path / MANIFEST).write_text(json.dumps({"model": "other", "dimensions": 8, "inputs": []}))
    with pytest.raises(ModelUnavailable, match="holds the model 'other', not 'tiny'"):
        OnnxEmbedder("tiny", tmp_path).embed(["text"])
    (tmp_path / MANIFEST).unlink()
    with pytest.raises(ModelUnavailable, match="no exported model"):
        OnnxEmbedder("tiny", tmp_path).embed(["text"])


@pytest.mark.parametrize(("kind", "extra"), [(OnnxEmbedder, "onnx"), (OpenVinoEmbedder, "openvino")])
def test_a_missing_engine_is_told_with_its_fix(monkeypatch, kind, extra):
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name.startswith(extra) else found(name))
    with pytest.raises(ModelUnavailable, match=rf"pip install 'wagtail-affinity\[{extra}\]'"):
        kind("tiny").embed(["text"])


@pytest.mark.models
def test_the_command_exports_ahead_of_the_workers(capsys):
    call_command("export_embedding_model", MINILM, "--backend", "openvino")
    assert "openvino-fp32" in capsys.readouterr().out
    with pytest.raises(CommandError, match="could not be loaded"):
        call_command("export_embedding_model", "/no/such/model", "--backend", "openvino")
