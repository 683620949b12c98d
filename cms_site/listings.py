"""What the page types show: each function is the template context of one of them, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page as PaginatorPage
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest
from wagtail.models import Page

from tagging import index
from tagging.types import SearchFilter

from . import navigation
from .models import ArticlePage, HomePage, TopicPage
from .navigation import Navigation, Section
from .querysets import ArticleQuerySet
from .topic_tree import TopicNode, TopicTree

PER_PAGE = 12
# A topic's first page has a lead above its rows of three.
PER_TOPIC_PAGE = 13
FRONT_PAGE_ARTICLES = 9
HEADLINES_PER_SECTION = 3
# So many recent articles are looked through for the sections' headlines; so many a topic lists at most.
RECENT_ARTICLES = 150
ABOUT_TOPIC = 1000


@dataclass(frozen=True, slots=True)
class Card:
    """An article in a list, with the section that it is shown under."""

    article: ArticlePage
    section: Section | None


def front_page(request: HttpRequest, home: HomePage) -> dict[str, Any]:
    """The lead story, the newest articles, and headlines of every section."""
    nav = navigation.of(request)
    articles = list(readable_below(home).for_list().newest()[:RECENT_ARTICLES])
    articles.sort(key=lambda article: article.pk != home.lead_story_id)
    cards = cards_of(articles, nav)
    shown, later = cards[:FRONT_PAGE_ARTICLES], cards[FRONT_PAGE_ARTICLES:]
    return {
        "lead": shown[0] if shown else None,
        "newest": shown[1:],
        "on_screen": [card.article for card in shown],
        "by_section": by_section(later, nav),
    }


def by_section(cards: Sequence[Card], nav: Navigation) -> list[tuple[Section, list[Card]]]:
    """Every section with its newest headlines among `cards`."""
    found = [(section, [card for card in cards if card.section == section]) for section in nav.sections]
    return [(section, cards[:HEADLINES_PER_SECTION]) for section, cards in found]


def article_index(request: HttpRequest, page: Page) -> dict[str, Any]:
    """All articles below `page`, or those about `?topic=`. An unknown topic is a 404."""
    tree = TopicTree()
    articles = readable_below(page).newest()
    topic = None
    if slug := request.GET.get("topic", ""):
        if (topic := tree.by_slug.get(slug)) is None:
            raise Http404(f"There is no topic {slug!r}.")
        articles = articles.filter(pk__in=ids_about(topic.id, page))
    listing = Paginator(articles.for_list(), PER_PAGE).get_page(request.GET.get("page"))
    return {
        **paged(listing),
        "cards": cards_of(listing, navigation.of(request), tree),
        "topic": topic,
        "lineage": tree.lineage(topic) if topic else [],
        "main_topics": tree.mains,
        "sub_topics": tree.children(tree.lineage(topic)[0]) if topic else [],
    }


def topic_page(request: HttpRequest, page: TopicPage) -> dict[str, Any]:
    """Articles about the topic or one below it, best score first."""
    tree = TopicTree()
    ranked = ids_about(page.topic_id, page)
    readable = set(readable_below(page.get_parent()).filter(pk__in=ranked).values_list("pk", flat=True))
    ids = [pk for pk in ranked if pk in readable]
    listing = Paginator(ids, PER_TOPIC_PAGE).get_page(request.GET.get("page"))
    found = ArticlePage.objects.for_list().in_bulk(list(listing))
    topic = tree.by_id[page.topic_id]
    return {
        **paged(listing),
        "cards": cards_of([found[pk] for pk in listing], navigation.of(request), tree),
        "topic": topic,
        "sub_topics": tree.children(topic),
    }


def article(request: HttpRequest, page: ArticlePage) -> dict[str, Any]:
    """The article's topics, best first, and the section of the best."""
    tree = TopicTree()
    topics = topics_of([page.pk], tree).get(page.pk, [])
    return {"topics": topics, "section": section_of(topics, navigation.of(request), tree)}


def paged(listing: PaginatorPage) -> dict[str, Any]:
    """One page of a list, and the numbers of the pages to link to."""
    return {"listing": listing, "pages": listing.paginator.get_elided_page_range(listing.number)}


def readable_below(page: Page) -> ArticleQuerySet:
    return ArticlePage.objects.descendant_of(page).readable()


def ids_about(topic_id: int, page: Page) -> list[int]:
    """Ids of articles of the page's language about a topic, best score first."""
    search = SearchFilter(locale_id=page.locale_id)
    return [neighbour.page_id for neighbour in index.pages_about(topic_id, ABOUT_TOPIC, search)]


def topics_of(page_ids: Sequence[int], tree: TopicTree) -> dict[int, list[TopicNode]]:
    return {
        page_id: [tree.by_id[topic.topic_id] for topic in topics if topic.topic_id in tree.by_id]
        for page_id, topics in index.topics_of(page_ids).items()
    }


def cards_of(articles: Iterable[ArticlePage], nav: Navigation, tree: TopicTree | None = None) -> list[Card]:
    articles = list(articles)
    tree = tree or TopicTree()
    topics = topics_of([article.pk for article in articles], tree)
    return [Card(article, section_of(topics.get(article.pk, []), nav, tree)) for article in articles]


def section_of(topics: Sequence[TopicNode], nav: Navigation, tree: TopicTree) -> Section | None:
    """The section that the best of the topics belongs to."""
    sections = {section.topic_id: section for section in nav.sections}
    mains = (tree.lineage(topic)[0].id for topic in topics)
    return next((sections[main] for main in mains if main in sections), None)
