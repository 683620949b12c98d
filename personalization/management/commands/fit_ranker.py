"""`manage.py fit_ranker`: fits the ranker now, without a worker."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from personalization.conf import settings
from personalization.models import Ranker, RankerVersion
from personalization.operations import rankers


class Command(BaseCommand):
    """Fits the ranker to what was served and clicked lately, and says what came of it."""

    help = "Fit the ranker to what was served and clicked lately. It goes live only where it is better."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.RANKER:
            raise CommandError('RANKER is "": the weighted blend ranks. Set it to "logistic" or "trees".')
        before = RankerVersion.objects.values_list("number", flat=True).first() or 0
        rankers.ask()
        rankers.work_off()
        ranker = Ranker.load()
        version = RankerVersion.objects.filter(number__gt=before).first()
        if ranker.started_at:
            raise CommandError("Another process is fitting it just now.")
        if version:
            self.stdout.write(_in_words(version))
        if ranker.outcome:
            self.stdout.write(f"Not live. {ranker.outcome['message'] % ranker.outcome['params']}")
        self.stdout.write(f"What ranks: {rankers.in_words(ranker.current.number if ranker.current else 0)}.")


def _in_words(version: RankerVersion) -> str:
    learned, measured = version.learned_from, version.evaluation
    words = f"Version {version.number}, {version.get_method_display()}, of {learned['slates']} lists with"
    words += f" {learned['clicks']} clicks."
    if not measured:
        return words
    return (
        f"{words} nDCG {measured['own']:.3f} beside {measured['other']:.3f}; the difference is"
        f" {measured['difference']:+.3f} (98 %: {measured['low']:+.3f} to {measured['high']:+.3f}),"
        f" {measured['clicks']} clicks in {measured['slates']} lists from {measured['since'][:10]} on."
    )
