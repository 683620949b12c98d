"""Where little is known: a new site, a new visitor, a new page. Always a full and sensible list."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.models import Page, Site

from personalization import operations
from personalization.models import Event, EventCount, Placement
from personalization.operations.placements import config_of
from personalization.types import ProfileState, ReadPage, RecQuery, RequestContext, Slate
from personalization.visitors import store
from personalization.visitors.folding import fold_visitor
from tests.factories import (
    make_article,
    make_editor,
    make_private,
    make_site,
    make_topic,
    make_vector,
    make_views,
    tag_page,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def site() -> Site:
    return make_site()


@pytest.fixture(autouse=True)
def placement() -> Placement:
    return Placement.objects.create(name="sidebar", n=3)


def query(site: Site, page: Page | None = None, **fields: Any) -> RecQuery:
    known = {
        "placement": "sidebar",
        "n": 3,
        "site_id": site.pk,
        "locale_id": site.root_page.locale_id,
        "context": RequestContext(at=timezone.now()),
        "page_id": page.pk if page else None,
    }
    return RecQuery(**known | fields)


def ids(slate: Slate) -> list[int]:
    return [item.page_id for item in slate.items]


@pytest.mark.parametrize("strategy", ["blend", "similar", "profile", "trending", "recent"])
def test_a_new_site_without_events_or_vectors_shows_its_newest_pages(
    site: Site, placement: Placement, strategy: str
) -> None:
    placement.strategy = strategy
    placement.save()
    pages = [make_article(site) for _ in range(5)]
    slate = operations.recommend(query(site, pages[4]))
    assert ids(slate) == [page.pk for page in pages[3:0:-1]]
    assert {reason.code for item in slate.items for reason in item.reasons} == {"new"}


@pytest.mark.parametrize("views", [0, 1, 2])
def test_a_new_visitors_first_pages_count_at_once_and_the_list_stays_full(site: Site, views: int) -> None:
    cycling, rivers = make_topic("Cycling"), make_topic("Rivers")
    on_cycling = [make_article(site) for _ in range(6)]
    on_rivers = [make_article(site) for _ in range(6)]
    for pages, topic, axis in ((on_cycling, cycling, (1, 0)), (on_rivers, rivers, (0, 1))):
        for page in pages:
            make_vector(page, *axis)
            tag_page(page, topic)
    visitor_id = store.create_visitor()
    for page in on_cycling[:views]:
        event = {"event_id": uuid.uuid4(), "kind": "view", "at": timezone.now()}
        Event.objects.create(visitor_id=visitor_id, page=page, **event)
    fold_visitor(visitor_id)
    known = store.load_visitor(visitor_id)
    slate = operations.recommend(query(site, profile=known.profile, visitor_id=visitor_id))
    assert len(slate.items) == 3
    assert not set(ids(slate)) & {page.pk for page in on_cycling[:views]}
    if views:
        assert ids(slate)[0] in {page.pk for page in on_cycling[views:]}


class TestANewPage:
    """Minutes old: no worker has read it yet, and nobody has clicked it."""

    @pytest.fixture(autouse=True)
    def _explore(self, settings: Any, placement: Placement) -> None:
        settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "EXPLORATION_MINIMUM": 50}
        placement.strategy, placement.exploration, placement.diversity = "trending", 0.5, 0.0
        placement.save()

    @pytest.fixture
    def new(self, site: Site) -> Page:
        for views in range(20, 26):
            old = make_article(site)
            make_views(old, views)
            type(old).objects.filter(pk=old.pk).update(first_published_at=timezone.now() - timedelta(days=99))
        return make_article(site, "Minutes old")

    def lists(self, site: Site, number: int = 8) -> list[Slate]:
        return [
            operations.recommend(query(site, profile=ProfileState(), visitor_id=uuid.uuid5(uuid.NAMESPACE_DNS, str(i))))
            for i in range(number)
        ]

    def test_it_takes_its_share_of_lists_with_the_probability_that_is_logged(self, site: Site, new: Page) -> None:
        lists = self.lists(site, 20)
        having = [slate for slate in lists if new.pk in ids(slate)]
        assert 2 <= len(having) <= 18
        for slate in lists:
            assert len(slate.items) == 3
            assert slate.items[0].propensity == 1.0
            for item in slate.items[1:]:
                assert item.propensity == pytest.approx(0.25 if item.page_id == new.pk else 0.75)
        item = next(item for item in having[0].items if item.page_id == new.pk)
        assert [reason.code for reason in item.reasons] == ["new"]

    def test_the_same_visitor_has_the_same_list_within_the_hour(self, site: Site, new: Page) -> None:
        at = timezone.now().replace(minute=1)
        fields = {"profile": ProfileState(), "visitor_id": uuid.uuid4()}
        lists = [
            ids(operations.recommend(query(site, context=RequestContext(at=at + timedelta(minutes=m)), **fields)))
            for m in (0, 50)
        ]
        assert lists[0] == lists[1]

    def test_once_it_was_seen_enough_it_makes_its_own_way(self, site: Site, new: Page) -> None:
        EventCount.objects.create(page=new, hour=timezone.now(), kind="impression", placement="x", n=50)
        assert not any(new.pk in ids(slate) for slate in self.lists(site))

    def test_a_private_one_is_never_tried(self, site: Site, new: Page) -> None:
        make_private(new)
        assert not any(new.pk in ids(slate) for slate in self.lists(site))


class TestFatigue:
    @pytest.fixture
    def seen(self, site: Site) -> tuple[uuid.UUID, list[Page]]:
        pages = [make_article(site) for _ in range(8)]
        visitor_id = store.create_visitor()
        for _ in range(30):
            event = {"event_id": uuid.uuid4(), "kind": "impression", "at": timezone.now(), "placement": "sidebar"}
            Event.objects.create(visitor_id=visitor_id, page=pages[-1], **event)
        return visitor_id, pages

    def test_what_one_reader_passed_by_goes_down_for_that_reader_alone(
        self, site: Site, seen: tuple[uuid.UUID, list[Page]]
    ) -> None:
        visitor_id, pages = seen
        tired = query(site, profile=ProfileState(), visitor_id=visitor_id)
        assert pages[-1].pk not in ids(operations.recommend(tired))
        for other in (query(site), query(site, profile=ProfileState(), visitor_id=uuid.uuid4())):
            assert ids(operations.recommend(other))[0] == pages[-1].pk

    def test_a_click_makes_up_for_it(self, site: Site, seen: tuple[uuid.UUID, list[Page]]) -> None:
        visitor_id, pages = seen
        Event.objects.create(
            visitor_id=visitor_id, page=pages[-1], event_id=uuid.uuid4(), kind="click", at=timezone.now()
        )
        slate = operations.recommend(query(site, profile=ProfileState(), visitor_id=visitor_id))
        assert ids(slate)[0] == pages[-1].pk


class TestReadPages:
    @pytest.mark.parametrize(("when_read", "place"), [("out", None), ("down", 4), ("keep", 0)])
    def test_they_go_where_the_placement_says(
        self, site: Site, placement: Placement, when_read: str, place: int | None
    ) -> None:
        placement.when_read, placement.diversity = when_read, 0.0
        placement.save()
        pages = [make_article(site) for _ in range(5)]
        profile = ProfileState(recent=(ReadPage(pages[4].pk, timezone.now()),))
        shown = ids(operations.recommend(query(site, n=5, profile=profile)))
        assert (shown.index(pages[4].pk) if pages[4].pk in shown else None) == place


def test_limits_on_topics_authors_and_sections_hold_over_the_list(site: Site, placement: Placement) -> None:
    topic = make_topic("Cycling")
    pages = [make_article(site) for _ in range(6)]
    for page in pages[3:]:
        tag_page(page, topic)
    placement.max_per_topic, placement.max_per_author, placement.max_per_section = 1, 9, 9
    placement.save()
    shown = ids(operations.recommend(query(site)))
    assert len(set(shown) & {page.pk for page in pages[3:]}) == 1
    assert len(shown) == 3


def first_word(page: Page) -> str:
    return page.title.split()[0]


@pytest.mark.parametrize(
    ("author", "limited"), [("owner", 1), ("title", 3), (f"{__name__}.first_word", 2), ("no_such_field", 3)]
)
def test_a_site_says_who_wrote_a_page(
    site: Site, placement: Placement, settings: Any, author: str, limited: int
) -> None:
    settings.WAGTAIL_PERSONALIZATION = {**settings.WAGTAIL_PERSONALIZATION, "AUTHOR": author}
    owner = make_editor()
    pages = [make_article(site, title, owner=owner) for title in ("Ann one", "Ann two", "Bea one")]
    config = config_of(placement)
    config = replace(config, max_per_author=1, diversity=0.0, strategy="recent")
    explained = operations.explain(query(site), config)
    labels = [explained.prepared.facts[page.pk].labels["author"] for page in pages]
    kept = {label for each in labels for label in each}
    assert (len(kept) or 3) == limited
    assert len(explained.slate.items) == 3


def test_every_setting_of_a_placement_costs_a_fixed_number_of_queries(site: Site, placement: Placement) -> None:
    """With everything switched on, whatever the number of pages."""
    placement.freshness_days, placement.popularity_debias, placement.exploration = 30.0, 0.5, 0.5
    placement.max_per_topic, placement.max_per_author, placement.max_per_section = 2, 2, 2
    placement.save()
    visitor_id, counts = store.create_visitor(), []
    for _ in range(2):
        for _ in range(6):
            make_vector(make_article(site), 1, 0)
        asked = query(site, Page.objects.last(), profile=ProfileState(), visitor_id=visitor_id)
        operations.recommend(asked)
        with CaptureQueriesContext(connection) as queries:
            operations.recommend(asked)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_a_placement_in_a_form_is_tried_without_being_saved(site: Site, placement: Placement) -> None:
    """A preview reads once, then follows the sliders without a query."""
    pages = [make_article(site) for _ in range(4)]
    for page, vector in zip(pages, ((1, 0), (0, 1), (1, 0.01), (1, 0)), strict=True):
        make_vector(page, *vector)
    placement.diversity, placement.strategy = 0.0, "recent"
    asked = query(site, n=2)
    first = operations.explain(asked, config_of(placement))
    assert ids(first.slate) == [pages[3].pk, pages[2].pk]
    placement.diversity = 1.0
    config = config_of(placement)
    with CaptureQueriesContext(connection) as queries:
        second = operations.rearranged(first.prepared, asked, config)
    assert len(queries) == 0
    assert ids(second.slate) == [pages[3].pk, pages[1].pk]
    assert Placement.objects.get().diversity == 0.25
