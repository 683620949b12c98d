"""Counts anew what is kept up with the events: which pages are read together, one after the other, and a lot."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from personalization.models import PageCounter, PagePair, SessionRead, Visitor
from personalization.visitors import signals


class Command(BaseCommand):
    """`manage.py rebuild_covisits`. The site goes on meanwhile; safe to stop, and to run again."""

    help = (
        "Count sessions, pages read together and one after the other, and the counters of trending pages anew from the "
        "events that are kept. The numbers are those that were kept up with the events; it is needed after events were "
        "deleted or brought in by hand. By other half-lives after a change of settings a worker does it by itself."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        visitors = Visitor.objects.filter(purposes__contains=[Visitor.Purpose.ANALYTICS]).count()
        with tqdm(total=visitors, unit=" visitors", disable=options["verbosity"] < 1) as bar:
            signals.rebuild(progress=bar.update)
        counts = (SessionRead.objects.count(), PagePair.objects.count(), PageCounter.objects.count())
        self.stdout.write("{:,} views in sessions, {:,} pairs of pages, {:,} pages counted.".format(*counts))
