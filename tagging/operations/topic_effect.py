"""What a change of a topic's words would do, before it is saved: which pages would gain it, which would lose it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import F

from tagging.embedding import Embedder
from tagging.models import EmbeddingModel, PageVector, Suggestion, Topic
from tagging.topics import describe
from tagging.types import TopicDefinition

from .rescoring import KnownPages, PageScores
from .setup import Setup
from .storage import OPEN_STATES, open_state
from .topic_set import definitions

KIND = "topic"
MOST_PAGES = 5000  # that a change is compared with: the newest ones
BATCH = 200
NEW = 0  # stands for the id of a topic that was never saved

Json = dict[str, Any]
Levels = dict[int, str]
"""Page id → what the machine makes of the topic there, "applied" or "suggested". Pages without it are absent."""


def comparable_pages() -> int:
    """With how many pages a change will be compared. One query."""
    return min(PageVector.objects.filter(model__is_live=True, is_live=True).count(), MOST_PAGES)


def effect_of(question: Json) -> Json:
    """Answer {topic, name, description, synonyms, parent} (ids, or None) with the ids of the pages it would change.

    {"compared": how many pages, "applied": {"gained": [], "lost": []}, "suggested": {…}}: a page that goes from
    suggested to applied is in both. Pages on which an editor decided do not change. The saved words and the new
    ones are both scored with today's decisions, the way the pipeline does it. Nothing is stored of the new ones.
    """
    topic_id = question["topic"] or NEW
    setup = Setup.current()
    saved = definitions(setup.topics, setup.embedder, setup.model)
    changed = with_change(saved, question, setup.embedder)
    if topic_id == NEW:
        setup = replace(setup, topics=[*setup.topics, Topic(pk=NEW)])
    before: Levels = {}
    after: Levels = {}
    compared = 0
    for page_ids in _batches(setup.model, topic_id):
        pages = KnownPages(page_ids, setup)
        compared += len(pages.texts)
        after |= _levels(topic_id, pages.scores(changed))
        if topic_id != NEW:
            before |= _levels(topic_id, pages.scores(saved))
    return {"compared": compared} | {str(state): _difference(state, before, after) for state in OPEN_STATES}


def with_change(saved: Sequence[TopicDefinition], question: Json, embedder: Embedder) -> list[TopicDefinition]:
    """The topic set with the question's words in the place of the topic's saved ones, or as a new topic at its end."""
    words = {"name": question["name"], "description": question["description"], "synonyms": tuple(question["synonyms"])}
    vector, name_vector = embedder.embed([describe(**words), words["name"]])
    above = next((topic for topic in saved if topic.topic_id == question["parent"]), None)
    words |= {"ancestors": (*above.ancestors, above.topic_id) if above else (), "name_vector": name_vector}
    if question["topic"] is None:
        return [*saved, TopicDefinition(topic_id=NEW, vector=vector, **words)]
    return [replace(topic, vector=vector, **words) if topic.topic_id == question["topic"] else topic for topic in saved]


def _batches(model: EmbeddingModel, topic_id: int) -> Iterator[list[int]]:
    decided = Suggestion.objects.filter(topic_id=topic_id).exclude(state__in=OPEN_STATES)
    newest = F("first_published_at").desc(nulls_last=True)
    rows = PageVector.objects.filter(model=model, is_live=True).exclude(page_id__in=decided.values("page_id"))
    page_ids = list(rows.order_by(newest, "page_id").values_list("page_id", flat=True)[:MOST_PAGES])
    for start in range(0, len(page_ids), BATCH):
        yield page_ids[start : start + BATCH]


def _levels(topic_id: int, scores: PageScores) -> Levels:
    return {
        page_id: open_state(topic.score)
        for page_id, topics in scores.items()
        for topic in topics
        if topic.topic_id == topic_id
    }


def _difference(state: str, before: Levels, after: Levels) -> dict[str, list[int]]:
    had, has = ({page_id for page_id, level in levels.items() if level == state} for levels in (before, after))
    return {"gained": sorted(has - had), "lost": sorted(had - has)}
