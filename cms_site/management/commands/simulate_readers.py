"""`manage.py simulate_readers`: a handful of readers with tastes browse the running site."""

from __future__ import annotations

import random
import urllib.error
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from tqdm import tqdm

from cms_site.demo.readers import DEVICES, Article, Reader
from cms_site.models import ArticlePage
from tagging import index
from tagging.types import SearchFilter


class Command(BaseCommand):
    help = "Let simulated readers browse a running site, so that segments, trends and reports are not empty."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="Where the site answers.")
        parser.add_argument("--readers", type=int, default=12)
        parser.add_argument("--pages", type=int, default=5, help="Articles that each reader reads.")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, url: str, readers: int, pages: int, seed: int, **options: Any) -> None:
        chance = random.Random(seed)  # noqa: S311 - no secret depends on it
        everything = articles()
        tastes = favourites_by_topic(everything)
        if not tastes:
            raise CommandError("No analysed articles. Run: manage.py load_demo, then manage.py analyze_pages --stale")
        for number in tqdm(range(readers), desc="Readers browsing", unit="reader"):
            favourites = tastes[number % len(tastes)]
            reader = Reader(url.rstrip("/"), favourites, everything, chance, DEVICES[number % len(DEVICES)])
            try:
                reader.browse(pages)
            except urllib.error.HTTPError as error:
                raise CommandError(f"{error.url} answered {error.code}: {error.read(500).decode()}") from error
            except OSError as error:
                raise CommandError(f"The site at {url} does not answer ({error}). Start it with: make demo") from error


def articles() -> list[Article]:
    pages = ArticlePage.objects.live().public().filter(locale__language_code="en").order_by("pk")
    return [Article(page.pk, page.get_url() or "/") for page in pages]


def favourites_by_topic(everything: list[Article]) -> list[list[Article]]:
    """For every topic that fits three articles or more: its articles."""
    by_id = {article.page_id: article for article in everything}
    tastes = []
    for topic_id, _name in index.topic_choices():
        found = index.pages_about(topic_id, 20, SearchFilter())
        favourites = [by_id[page.page_id] for page in found if page.page_id in by_id]
        if len(favourites) >= 3:
            tastes.append(favourites)
    return tastes
