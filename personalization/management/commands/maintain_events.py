"""`manage.py maintain_events`: what the hourly task does, for sites without beat."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from personalization.visitors import counts, partitions


class Command(BaseCommand):
    help = "Make the next partitions of the event table, and drop events older than EVENTS_RETENTION_DAYS."

    def handle(self, *args: Any, **options: Any) -> None:
        for partition in partitions.make_ahead():
            self.stdout.write(f"Made {partition.name}.")
        for partition in partitions.drop_old():
            self.stdout.write(f"Dropped {partition.name}.")
        counts.roll_up()
        kept = partitions.partitions()
        self.stdout.write(f"{len(kept)} partitions, up to {kept[-1].end:%Y-%m-%d}.")
