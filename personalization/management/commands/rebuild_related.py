"""Make the related pages of every page anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from personalization.operations.related import rebuild_related
from tagging import catalogue


class Command(BaseCommand):
    help = (
        "Make the related pages of every page anew: after an upgrade, or with other RELATED_STRENGTHS. Workers keep"
        " them up otherwise. Readers go on seeing the lists that there are."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(desc="pages", total=catalogue.size(), disable=None) as bar:
            for count in rebuild_related():
                bar.update(count)
        self.stdout.write(f"{bar.n} pages have related pages.")
