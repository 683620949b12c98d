"""`manage.py tune_placement NAME`: proposes other settings of a placement, for everybody and for single segments."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from personalization.conf import settings
from personalization.exceptions import NotLearned
from personalization.management.setting_words import asked_segment, setting_in_words
from personalization.models import Placement, Segment
from personalization.operations import tuning
from personalization.operations.tuning.record import Record
from personalization.operations.tuning.search import Proposal, search

EVERYBODY = "everybody"


class Command(BaseCommand):
    """Searches with Optuna on what was served and clicked, and says what the newest days say of what it found."""

    help = (
        "Search a placement's log for a better diversity, share of lists with a new page and weights of sources: for "
        "everybody, and for each segment with enough clicks. What is surely better on later days is proposed to the "
        "editors, under Affinity → Placements; nothing that readers see changes before one approves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the placement's name")
        parser.add_argument("--segment", default="", help="only for readers in the segment of this name")
        parser.add_argument("--trials", type=int, default=60, help="settings to try for each (default: 60)")
        parser.add_argument("--seed", type=int, default=0, help="the same seed and log give the same proposals")
        parser.add_argument("--dry-run", action="store_true", help="only print what would be proposed")

    def handle(self, *args: Any, name: str, segment: str, trials: int, seed: int, **options: Any) -> None:
        placement = Placement.objects.filter(name=name).first()
        if placement is None:
            raise CommandError(f"There is no placement {name!r}. Create it under Affinity → Placements.")
        if placement.strategy != Placement.Strategy.BLEND:
            raise CommandError("Its strategy is no blend: there is nothing to weigh.")
        if find_spec("optuna") is None:
            raise CommandError('Optuna is missing. Install it with `pip install "wagtail-affinity[tuning]"`.')
        only = asked_segment(segment)
        record, found = Record.of(placement), list(_groups(only))
        big = [one for one in found if _may_be_enough(record, one)]
        # All of a run's proposals together are wrong by chance as seldom as a single one would be.
        level = 1.0 - 0.05 / max(len(big), 1)
        small: list[str] = []
        with tqdm(total=trials * len(big), desc="settings", disable=options["verbosity"] == 0) as bar:
            for group in found:
                try:
                    proposal = search(record, group.pk if group else None, trials, seed, level, lambda: _step(bar))
                except NotLearned as error:
                    if group is None or only:
                        raise CommandError(str(error)) from error
                    small.append(f"{group.name}: {error}")
                    continue
                self._tell(placement, group, proposal, options["dry_run"])
        if small:
            self.stdout.write("\nToo small to tune, so that the placement's setting holds for their readers:")
            self.stdout.write("\n".join(f"  {line}" for line in small))

    def _tell(self, placement: Placement, group: Segment | None, proposal: Proposal, is_dry: bool) -> None:
        self.stdout.write("\n".join([f"\nFor {group.name if group else EVERYBODY}:", *_in_words(proposal)]))
        if not proposal.is_change:
            self.stdout.write("  Proposal: leave it as it is. The difference could be chance.")
            return
        what = setting_in_words(proposal.proposed)
        if is_dry:
            self.stdout.write(f"  Would propose: {what}.")
            return
        kept = tuning.propose(placement, proposal.segment_id, proposal.proposed, proposal.figures())
        where = f"Affinity → Placements → {placement.name} → Tuning"
        self.stdout.write(f"  Proposal {kept.number}: {what}. An editor decides in {where}.")


def _groups(only: Segment | None) -> Iterator[Segment | None]:
    if only:
        yield only
        return
    yield None
    yield from Segment.objects.filter(is_enabled=True)


def _may_be_enough(record: Record, group: Segment | None) -> bool:
    slates = record.of_segment(group.pk if group else None).slates
    return sum(slate.clicks for slate in slates) >= int(settings.RANKER_MIN_CLICKS)


def _in_words(proposal: Proposal) -> list[str]:
    order, earned, percent = proposal.order, proposal.earned, f"{100 * proposal.level:.4g} %"
    lines = [
        f"  Found: {setting_in_words(proposal.found)}; now {setting_in_words(proposal.before)}.",
        f"  On the newest days ({order.clicks} clicks in {order.slates} lists) nDCG {order.own:.3f}, now"
        f" {order.other:.3f}: {order.difference:+.3f} ({percent}: {order.low:+.3f} to {order.high:+.3f}).",
    ]
    if proposal.is_change:
        lines.append(
            f"  Clicks per page shown (doubly robust): {earned.doubly_robust.mean:.4f}, now {earned.now.mean:.4f}:"
            f" {earned.gain.mean:+.4f} ({earned.gain.low:+.4f} to {earned.gain.high:+.4f});"
            f" {earned.overlap:.0%} of what it would show was shown."
        )
        if earned.is_guess:
            lines.append("  Too little of what it would show was shown: take the last line as no more than a guess.")
    if (known := proposal.new_pages) is None:
        lines.append("  Exploration: too few new pages were shown to tell what they cost; it stays as it is.")
    else:
        lines.append(
            f"  Exploration: a new page changes a list's clicks by {known.mean:+.1%} ({known.low:+.1%} to"
            f" {known.high:+.1%})."
        )
    return lines


def _step(bar: Any) -> None:
    bar.update()
