"""What the whole system earns with readers whose tastes it does not know, beside showing what is read most."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import cast

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import transaction
from django.test import override_settings
from django.utils import timezone
from wagtail.models import Page, Site

from cms_site.models import ArticlePage
from personalization.evaluation.metrics import gini
from personalization.models import Placement, SignalState
from personalization.testing.simulator import Reader, Spot, Visit, click_rate, exposure, make_reader, simulate
from tests.factories import article_index, make_site, make_topic, make_vector, tag_page

TOPICS = 8
PAGES, NEW_PAGES = 12, 1  # of each topic
READERS = 100
VISITS = 2000
LIKED, OTHERWISE = 0.35, 0.02  # how likely a reader clicks on a page of a liked topic, and on others


class World:
    """A site with pages on each of eight topics, and readers who like two of them."""

    def __init__(self, strategy: str, seed: int) -> None:
        self.site: Site = make_site()
        self.topics = [make_topic(f"Topic {number}") for number in range(TOPICS)]
        self.chance = np.random.default_rng(seed)
        self.start = timezone.now() - timedelta(hours=60)
        self.pages: dict[int, int] = {}  # id → number of its topic
        self.new: list[int] = []
        long_ago = self.start - timedelta(days=90)
        for number, _ in itertools.product(range(TOPICS), range(PAGES)):
            self.publish(number, long_ago + timedelta(hours=float(self.chance.uniform(0, 900))))
        Placement.objects.create(name="home", title="For you", n=4, strategy=strategy)
        SignalState.objects.all().delete()
        self.liked = [set(self.chance.choice(TOPICS, 2, replace=False).tolist()) for _ in range(READERS)]

    def publish(self, topic: int, at: datetime) -> int:
        """One more page on a topic, as the worker would have understood it."""
        page: Page = article_index(self.site).add_child(
            instance=ArticlePage(
                title=f"Page {len(self.pages)}",
                slug=f"page-{len(self.pages)}",
                live=True,
                date=at.date(),
                first_published_at=at,
                last_published_at=at,
            )
        )
        direction = np.eye(TOPICS)[topic] + self.chance.normal(0, 0.2, TOPICS)
        make_vector(page, *direction.tolist())
        tag_page(page, self.topics[topic])
        self.pages[page.pk] = topic
        return page.pk

    def readers(self) -> list[Reader]:
        return [
            make_reader(number, {page: LIKED for page, topic in self.pages.items() if topic in liked}, OTHERWISE)
            for number, liked in enumerate(self.liked)
        ]

    def run(self, visits: int) -> list[Visit]:
        """So many visits in 60 hours; when half of them are over, a page on each topic is published."""
        moments = [self.start + timedelta(hours=60) * (number / visits) for number in range(visits)]
        readers = self.readers()

        def publish(number: int) -> None:
            if number % 100 == 0:
                cache.clear()  # a minute has passed
            if number == visits // 2:
                self.new = [self.publish(topic, moments[number]) for topic in range(TOPICS) for _ in range(NEW_PAGES)]
                for reader, liked in zip(readers, self.liked, strict=True):
                    fans = {page: LIKED for page in self.new if self.pages[page] in liked}
                    cast("dict[int, float]", reader.tastes).update(fans)

        spot = Spot("home", 4, self.site.pk, self.site.root_page.locale_id)
        return simulate(spot, readers, moments, before_visit=publish)


def outcome(strategy: str) -> tuple[World, list[Visit]]:
    """A world of its own, which is gone afterwards."""
    with transaction.atomic():
        world = World(strategy, seed=1)
        visits = world.run(VISITS)
        transaction.set_rollback(True)
    return world, visits


@pytest.mark.django_db
@pytest.mark.timeout(900)
@override_settings(WAGTAIL_PERSONALIZATION={**django_settings.WAGTAIL_PERSONALIZATION, "EXPLORATION_MINIMUM": 50})
def test_the_system_earns_half_more_than_what_is_read_most_and_shows_every_new_page() -> None:
    world, visits = outcome("blend")
    other, trending = outcome("trending")
    print(f"clicks per page shown: {click_rate(visits):.3f}, of what is read most: {click_rate(trending):.3f}")
    assert click_rate(visits) >= 1.5 * click_rate(trending)
    assert exposure(visits, world.new).min() > 0
    uneven, uneven_trending = (gini(exposure(v, list(w.pages))) for v, w in ((visits, world), (trending, other)))
    print(f"unevenness of exposure: {uneven:.3f}, of what is read most: {uneven_trending:.3f}")
    assert uneven <= uneven_trending
