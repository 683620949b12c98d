"""`manage.py fit_sequences`: fits the network of what is read next now, without a worker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from personalization.conf import settings
from personalization.models import SequenceVersion
from personalization.visitors import sequences


class Command(BaseCommand):
    """Fits the network to the newest visits, and says whether it beats transitions."""

    help = (
        "Fit the network of what is read next to the newest visits, and measure it beside transitions on those that"
        " came after. It proposes pages only where it is surely better."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SEQUENCES:
            raise CommandError('SEQUENCES is "": nothing is fitted. Set it to "gru".')

        def progress(steps: Iterable[Any], name: str) -> Iterable[Any]:
            bar: Iterable[Any] = tqdm(steps, desc=name, disable=options["verbosity"] < 1 or None)
            return bar

        version = sequences.fit(progress)
        if version:
            self.stdout.write(_in_words(version))


def _in_words(version: SequenceVersion) -> str:
    words = []
    if learned := version.learned_from:
        words.append(f"Learned from {learned['sessions']} visits to {learned['pages']} pages.")
    if measured := version.evaluation:
        words.append(
            f"nDCG@10 {measured['own']:.3f}, transitions {measured['other']:.3f}; the difference is"
            f" {measured['difference']:+.3f} (95 %: {measured['low']:+.3f} to {measured['high']:+.3f}),"
            f" {measured['views']} views from {measured['since'][:10]} on."
        )
    refusal = version.refusal
    words.append(f"Not live. {refusal['message'] % refusal['params']}" if refusal else "It is live.")
    return " ".join(words)
