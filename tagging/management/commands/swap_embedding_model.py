"""Go over to another embedding model while the site answers."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from tagging import operations, tasks
from tagging.embedding import BACKENDS
from tagging.exceptions import TaggingError
from tagging.models import EmbeddingModel
from tagging.types import AnalysisFailure


class Command(BaseCommand):
    help = (
        "Embed every page with another model, beside the vectors that the site answers from; build the index; then"
        " switch, all at once. The site and its workers go on meanwhile. May be stopped with Ctrl-C and run again:"
        " what is embedded is not embedded twice. The vectors of the model before are kept, so that --undo is quick."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("name", nargs="?", metavar="NAME", help="the model to go over to, as in EMBEDDING_MODEL")
        which.add_argument("--undo", action="store_true", help="go back to the model that was live before")
        which.add_argument("--drop-old", action="store_true", help="delete the vectors of all models but the live one")
        parser.add_argument(
            "--backend",
            metavar="X",
            help=f"what runs the model: {', '.join(BACKENDS)} or a dotted path (default: as now)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["backend"] and not options["name"]:
            raise CommandError("--backend goes with NAME alone.")
        try:
            with operations.swap_lock():
                if options["drop_old"]:
                    self._drop()
                else:
                    self._swap(self._target(options))
        except KeyboardInterrupt:
            self.stderr.write("Stopped; nothing was switched. Run the command again to go on.")
            raise SystemExit(130) from None
        except (TaggingError, ImportError) as error:
            raise CommandError(str(error) or type(error).__doc__) from error

    def _target(self, options: dict[str, Any]) -> EmbeddingModel:
        if options["undo"]:
            target = operations.previous_model()
            if target is None:
                raise CommandError("There is nothing to go back to: no other model was live, or its vectors are gone.")
            return target
        return operations.model_to_swap_to(options["name"], options["backend"])

    def _swap(self, target: EmbeddingModel) -> None:
        if target.is_live:
            self.stdout.write(f"{target.name} is live already.")
            return
        failures = self._fill(target)
        operations.ensure_vector_index(target)
        operations.switch(target)
        tasks.wake_sweep()
        self._report(target, failures)

    def _fill(self, target: EmbeddingModel) -> list[AnalysisFailure]:
        failures: list[AnalysisFailure] = []
        with tqdm(unit="page", disable=None, desc=target.name) as bar:
            for report in operations.fill(target):
                bar.total = report.total
                bar.update(report.done - bar.n)
                failures = report.failures
        return failures

    def _drop(self) -> None:
        for name in operations.drop_old_models():
            self.stdout.write(f"Deleted the vectors of {name}.")

    def _report(self, target: EmbeddingModel, failures: list[AnalysisFailure]) -> None:
        for failure in failures:
            self.stderr.write(f"Page {failure.page_id} has no vector of the new model: {failure.reason}")
        self.stdout.write(f"{target.name} is live. --undo goes back.")
        if operations.settings_differ():
            self.stdout.write(
                f"Now write it into WAGTAIL_TAGGING: EMBEDDING_MODEL = {target.model!r},"
                f" EMBEDDING_BACKEND = {target.backend!r}."
            )
