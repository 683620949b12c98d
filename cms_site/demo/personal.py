"""What the demo knows to make personal: segments, also learned ones, placements, and a question to readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cms_site.models import ArticlePage
from personalization.models import LearnedSegmentation, Placement, PlacementRule, Segment
from tagging.models import Topic

from .ledger import Ledger

TOPIC_SEGMENTS = {"space": "Stargazers", "food": "Kitchen table", "mobility": "Commuters", "nature": "Naturalists"}
CLEAR_INTEREST = 0.2

OTHER_SEGMENTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "Newcomers": ("Readers on their first visit.", [{"type": "visitor", "value": "new"}]),
    "Regulars": ("Readers who come back and read on.", [{"type": "views", "operator": "at_least", "value": 10}]),
    "On the phone": ("Readers with a phone in hand.", [{"type": "device", "value": ["mobile"]}]),
    "Newsletter": (
        "Readers who came from our newsletter.",
        [{"type": "utm", "parameter": "source", "operator": "is", "value": "newsletter"}],
    ),
}

LEARNED = "Readers alike"

QUESTION = {
    "heading": "What do you want to read about?",
    "help": "Tick what you like, and the front page will have more of it.",
    "topics": [],
    "branch": "",
    "button": "That is what I want to read",
}

PLACEMENTS: dict[str, dict[str, Any]] = {
    "sidebar": {"title": "You may also like", "n": 4, "strategy": Placement.Strategy.BLEND},
    "read-next": {"title": "Read next", "n": 3, "strategy": Placement.Strategy.SIMILAR},
    "home": {"title": "Chosen for you", "n": 6, "strategy": Placement.Strategy.BLEND},
}


def steps(topics: list[dict[str, Any]], ledger: Ledger) -> Iterator[tuple[str, Callable[[], object]]]:
    for main in topics:
        if name := TOPIC_SEGMENTS.get(main["slug"]):
            yield name, partial(add_topic_segment, name, main, ledger)
    for name, (description, rules) in OTHER_SEGMENTS.items():
        yield name, partial(add_segment, name, description, {"match": "all", "rules": rules}, ledger)
    for name, values in PLACEMENTS.items():
        yield name, partial(add_placement, name, values, ledger)
    yield LEARNED, partial(add_learned, ledger)
    yield "A question", partial(ask_readers, ledger)
    yield "A pin", partial(pin_for_stargazers, ledger)


def add_topic_segment(name: str, main: dict[str, Any], ledger: Ledger) -> None:
    """Readers of the topic or of any topic below it."""
    slugs = [main["slug"], *(sub["slug"] for sub in main["children"])]
    found = [topic.pk for slug in slugs if (topic := ledger.find(Topic, f"topic:{slug}"))]
    rules = [{"type": "topic", "topic": pk, "operator": "at_least", "value": CLEAR_INTEREST} for pk in found]
    add_segment(name, f"Readers with a clear interest in {main['name']}.", {"match": "any", "rules": rules}, ledger)


def add_segment(name: str, description: str, rules: dict[str, Any], ledger: Ledger) -> None:
    defaults = {"description": description, "rules": rules}
    ledger.once(f"segment:{name}", lambda: Segment.objects.get_or_create(name=name, defaults=defaults)[0])


def add_learned(ledger: Ledger) -> None:
    """Crowds that the site finds by itself, once enough readers have come."""
    values = {"most_clusters": 5}
    ledger.once("learned", lambda: LearnedSegmentation.objects.get_or_create(name=LEARNED, defaults=values)[0])


def ask_readers(ledger: Ledger) -> None:
    """The newest article ends with the question what its readers want to read about."""

    def ask(page: ArticlePage) -> ArticlePage:
        page.body.append(("onboarding", QUESTION))
        page.save_revision().publish()
        return page

    articles = ArticlePage.objects.live().public().filter(locale__language_code="en")
    if newest := articles.order_by("-date", "pk").first():
        ledger.once("question", lambda: ask(newest))


def add_placement(name: str, values: dict[str, Any], ledger: Ledger) -> None:
    ledger.once(f"placement:{name}", lambda: Placement.objects.get_or_create(name=name, defaults=values)[0])


def pin_for_stargazers(ledger: Ledger) -> None:
    """Stargazers meet an old favourite on the home page."""
    page = ledger.find(ArticlePage, "article:en:artemis-engine-room-in-bremen")
    segment, placement = ledger.find(Segment, "segment:Stargazers"), ledger.find(Placement, "placement:home")
    if page and segment and placement:
        values = {"placement": placement, "page": page, "segment": segment, "sort_order": 0}
        ledger.once("pin:stargazers", lambda: PlacementRule.objects.create(**values))
