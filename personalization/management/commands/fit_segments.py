"""`manage.py fit_segments`: learns segments now, without a worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from personalization.models import LearnedSegmentation
from personalization.operations import learning


class Command(BaseCommand):
    """Fits every enabled learned segmentation, or those named, and says what came of it."""

    help = "Learn segments from the visitors known now; all that are enabled, or those named."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="names of learned segmentations")

    def handle(self, *args: Any, names: list[str], **options: Any) -> None:
        found = LearnedSegmentation.objects.filter(**({"name__in": names} if names else {"is_enabled": True}))
        if unknown := set(names) - {segmentation.name for segmentation in found}:
            raise CommandError(
                f"There is no learned segmentation {', '.join(sorted(unknown))}. Create it in the admin."
            )
        for segmentation in found:
            learning.ask(segmentation)
        learning.work_off()
        fitted = LearnedSegmentation.objects.filter(pk__in=[segmentation.pk for segmentation in found])
        for segmentation in fitted.select_related("current"):
            self.stdout.write(f"{segmentation}: {_in_words(segmentation)}")


def _in_words(segmentation: LearnedSegmentation) -> str:
    if segmentation.started_at:
        return "being fitted by another process just now."
    if segmentation.outcome:
        return f"not used. {segmentation.outcome['message'] % segmentation.outcome['params']}"
    version = segmentation.current
    if version is None:
        return "nothing in use."
    measures = {
        "silhouette": version.silhouette,
        "ARI": version.stability,
        "AUC": version.evaluation.get("auc"),
    }
    known = [f"{name} {value:.3f}" for name, value in measures.items() if value is not None]
    sizes = ", ".join(str(found["size"]) for found in version.clusters)
    return "; ".join([f"version {version.number} of {version.visitors} visitors", *known, f"sizes {sizes}"])
