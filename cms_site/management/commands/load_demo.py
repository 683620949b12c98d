"""`manage.py load_demo`: the demo's topics, pages, articles, placements, segments and logins."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import BaseCommand
from tqdm import tqdm

from cms_site.demo import content, loader, pages
from cms_site.demo.ledger import Ledger


class Command(BaseCommand):
    help = "Load the demo content. What an earlier run loaded is left alone, whatever editors did to it since."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=settings.WAGTAILADMIN_BASE_URL, help="Where the site is served.")

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        password = os.environ.get("AFFINITY_ADMIN_PASSWORD") or "affinity-demo"
        ledger = Ledger()
        is_first = "user:admin" not in ledger.ids
        todo = list(loader.steps(content.read(), ledger, password))
        with tqdm(todo, desc="Loading the demo", unit="item", disable=not is_first) as bar:
            for _name, load in bar:
                load()
        address = urlsplit(url)
        pages.serve_at(address.hostname or "localhost", address.port or (443 if address.scheme == "https" else 80))
        self.stdout.write(f"{ledger.made} items loaded." if ledger.made else "The demo content is loaded already.")
        if is_first:
            self.stdout.write(f"Logins: admin / {password}, editor / {password}")
