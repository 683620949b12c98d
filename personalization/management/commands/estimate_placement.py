"""`manage.py estimate_placement NAME`: what readers would click under another setting, from what they clicked."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from personalization.evaluation.off_policy import FEW_EFFECTIVE
from personalization.evaluation.what_if import LEAST_OVERLAP, MUCH_OVERLAP, WhatIf
from personalization.exceptions import NotLearned
from personalization.management.setting_words import asked_segment, setting_in_words
from personalization.models import Placement
from personalization.operations.tuning import setting_of
from personalization.operations.tuning.estimate import Estimated, estimate
from personalization.recommendation.tuning import Setting
from personalization.sources import registered
from tagging.evaluation.metrics import Figure


class Command(BaseCommand):
    """Off-policy: IPS, SNIPS and doubly robust over the lists that were served and seen. Changes nothing."""

    help = (
        "Estimate the clicks per page shown of a setting that was never served, from logged lists and their "
        "propensities, by IPS, SNIPS and doubly robust, with intervals by visitor. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the placement's name")
        parser.add_argument("--diversity", type=float, help="0 to 1; left out: as it is")
        parser.add_argument("--exploration", type=float, help="lists with a new page, 0 to 0.5; left out: as it is")
        parser.add_argument(
            "--weight",
            action="append",
            default=[],
            metavar="SOURCE=WEIGHT",
            help="what a source counts, such as similar=1.5; all that are not named count 0. May be repeated",
        )
        parser.add_argument("--segment", default="", help="only for readers in the segment of this name")
        parser.add_argument("--days", type=int, help="so many days of the log (default: RANKER_WINDOW_DAYS)")

    def handle(self, *args: Any, name: str, segment: str, days: int | None, **options: Any) -> None:
        placement = Placement.objects.filter(name=name).first()
        if placement is None:
            raise CommandError(f"There is no placement {name!r}. Create it under Affinity → Placements.")
        group = asked_segment(segment)
        present = setting_of(placement, group.pk if group else None)
        asked = Setting(
            _between(options["diversity"], 1.0, "--diversity", present.diversity),
            _weights(options["weight"]) or present.weights,
            _between(options["exploration"], 0.5, "--exploration", present.exploration or 0.0),
        )
        if asked.weights and placement.strategy != Placement.Strategy.BLEND:
            raise CommandError("Its strategy is no blend: there is nothing to weigh.")
        try:
            found = estimate(placement, asked, group.pk if group else None, days)
        except NotLearned as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\n".join(_in_words(found)))


def _between(given: float | None, most: float, option: str, otherwise: float) -> float:
    if given is not None and not 0.0 <= given <= most:
        raise CommandError(f"{option} is between 0 and {most:g}.")
    return otherwise if given is None else given


def _weights(given: list[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in given:
        source, _sign, weight = one.partition("=")
        if source not in registered():
            raise CommandError(f"There is no source {source!r}. There are: {', '.join(sorted(registered()))}.")
        try:
            found[source] = float(weight)
        except ValueError as error:
            raise CommandError(f"{one!r}: a weight is a number, as in similar=1.5.") from error
        if not 0.0 <= found[source] < float("inf"):
            raise CommandError(f"{one!r}: a weight is 0 or more.")
    if given and not any(found.values()):
        raise CommandError("One source at least has to count.")
    return found


def _in_words(found: Estimated) -> list[str]:
    earned = found.earned
    lines = [
        f"Asked: {setting_in_words(found.setting)}; now {setting_in_words(found.present)}.",
        f"Clicks per page shown, from {earned.clicks} clicks in {earned.lists} lists, with 95 % intervals by visitor:",
        f"  as it was      {_figure(earned.now)}",
        f"  IPS            {_figure(earned.ips)}   what was never shown is never clicked",
        f"  SNIPS          {_figure(earned.snips)}   what was never shown is clicked as often as the rest",
        f"  doubly robust  {_figure(earned.doubly_robust)}   what was never shown is clicked as a model says",
        f"  difference     {_figure(earned.gain, '+')}   doubly robust, to as it was",
        f"Overlap: {earned.overlap:.0%} of looks at the new lists fall on pages that were shown. Effective rows:"
        f" {earned.effective_rows:.0f}.",
        "Looks at each place, beside the first: " + ", ".join(f"{look:.2f}" for look in earned.looked_at) + ".",
    ]
    if found.is_exploration_unknown:
        lines.append(
            "Exploration is left as it is: no propensities were logged, as chance put no new page into these lists."
        )
    return [*lines, _verdict(earned)]


def _verdict(earned: WhatIf) -> str:
    if earned.overlap < LEAST_OVERLAP:
        return (
            f"Nothing can be said: less than {LEAST_OVERLAP:.0%} of the new lists was ever shown. Ask about a smaller"
            " change."
        )
    if earned.effective_rows < FEW_EFFECTIVE:
        return (
            f"Nothing can be said: that is as much as {earned.effective_rows:.0f} pages shown would tell, of the"
            f" {FEW_EFFECTIVE} needed. Wait for more visits, or ask about a smaller change."
        )
    if earned.gain.low <= 0.0 <= earned.gain.high:
        words = "The difference could be chance."
    else:
        words = f"Readers would click {'more' if earned.gain.mean > 0 else 'less'} often."
    if earned.overlap < MUCH_OVERLAP:
        words += " Part of that is a model's word for pages that were never shown: see how far IPS and SNIPS are apart."
    return words


def _figure(figure: Figure, sign: str = "") -> str:
    return f"{figure.mean:{sign}.4f} ({figure.low:{sign}.4f} to {figure.high:{sign}.4f})"
