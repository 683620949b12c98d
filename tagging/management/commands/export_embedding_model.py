"""Export a model for onnx or openvino, ahead of the first worker that needs it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tagging.conf import settings
from tagging.embedding import get_embedder
from tagging.embedding.exported import ExportedEmbedder
from tagging.exceptions import ModelUnavailable


class Command(BaseCommand):
    help = (
        "Export a sentence-transformers model to the folder MODEL_DIR, for the backend onnx or openvino, and check that"
        " its vectors are those of torch. Needs wagtail-affinity[models]. A worker does this itself at first use; done"
        " beforehand, as in an image's build, workers need neither torch nor the model hub. The database is not used."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", metavar="NAME", help="the model (default: EMBEDDING_MODEL)")
        parser.add_argument("--backend", choices=["onnx", "openvino"], required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        embedder = get_embedder(options["backend"], options["name"] or settings.EMBEDDING_MODEL)
        assert isinstance(embedder, ExportedEmbedder)
        try:
            self.stdout.write(f"{embedder.name} is in {embedder.prepare()}")
        except ModelUnavailable as error:
            raise CommandError(str(error)) from error
