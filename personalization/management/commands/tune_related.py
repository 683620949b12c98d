"""Find out how much each signal of related pages should count on this site."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from personalization.conf import NAME, related_strengths
from personalization.evaluation.linked import Tuner, halves, measured
from personalization.evaluation.linked_report import gain
from personalization.management.evaluating.linking import Linked, add_linking_arguments, linked
from personalization.recommendation.related import Relations


class Command(BaseCommand):
    help = (
        "Tune RELATED_STRENGTHS on half of the pages that editors have linked to others, see on the other half whether"
        " they find the links better than the strengths that are set, and print the setting where they do. The words"
        " of the links are taken out of the texts first. Nothing is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_linking_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for one in linked(options):
            days = one.content.days if options["split"] == "time" else None
            self._propose(one, *halves(one.sources, days, options["seed"]))

    def _propose(self, one: Linked, tuning: Any, held_out: Any) -> None:
        now = related_strengths()
        tuned = Tuner(Relations(one.content, now), tuning, one.links).tuned(now)
        before, after = (
            measured(Relations(one.content, strengths).scores, held_out, one.links) for strengths in (now, tuned)
        )
        figure = gain(after, before, held_out)
        self.stdout.write(
            f"{one.name}: nDCG@10 on {len(held_out)} pages that were held out: {before[0].mean():.3f} with the"
            f" strengths that are set, {after[0].mean():.3f} with tuned ones; the difference is {figure.mean:+.3f}"
            f" [{figure.low:+.3f}, {figure.high:+.3f}]."
        )
        if figure.low > 0:
            self.stdout.write(self.style.SUCCESS(f"Better. For {NAME}, then run rebuild_related:"))
            self.stdout.write(f'    "RELATED_STRENGTHS": {tuned},')
        else:
            self.stdout.write("That may be chance: keep the strengths that are set.")
