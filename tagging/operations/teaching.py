"""The pages from whose decision a topic learns most: those that the model is least sure about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten
from typing import Any

import numpy as np
from django.db.models import QuerySet
from pgvector.django import CosineDistance

from tagging.models import PageVector, Suggestion, Topic, TopicVector
from tagging.types import PageText, TopicScore, Vector

from .rescoring import KnownPages
from .setup import Setup
from .storage import OPEN_STATES
from .topic_set import definitions

KIND = "teach"
LESSON = 10  # pages
SHORTLIST = 200  # that are scored: those nearest to the topic, and its open suggestions
EVEN = 0.5  # the probability that says nothing
TWINS = 0.95  # cosine from which on two pages are as good as one
EXCERPT = 300  # characters

Json = dict[str, Any]


def undecided(topic: Topic, pages: QuerySet[Any]) -> list[int]:
    """The ids of those among these pages that may be worth asking about: open suggestions and nearest pages first.

    Web-safe: two or three queries, at most SHORTLIST ids.
    """
    decided = Suggestion.objects.filter(topic=topic).exclude(state__in=OPEN_STATES)
    rows = PageVector.objects.filter(model__is_live=True, is_live=True, page__in=pages.values("pk"))
    rows = rows.exclude(page_id__in=decided.values("page_id"))
    suggested = rows.filter(page__in=topic.suggestions.filter(state__in=OPEN_STATES).values("page"))
    found = list(suggested.order_by("page_id").values_list("page_id", flat=True)[: SHORTLIST // 2])
    vector = TopicVector.objects.filter(topic=topic, model__is_live=True).values_list("embedding", flat=True).first()
    if vector is not None:
        near = rows.exclude(page_id__in=found).order_by(CosineDistance("embedding", vector), "page_id")
        found += near.values_list("page_id", flat=True)[: SHORTLIST - len(found)]
    return found


def lesson(question: Json) -> Json:
    """Answer {topic, pages} (ids) with {"pages": [{id, score, evidence, excerpt}]}, at most LESSON, least sure first.

    Scored as the pipeline does it. Pages that are nearly the same as one before them are left out.
    """
    setup = Setup.current()
    pages = KnownPages(question["pages"], setup)
    topic_set = definitions(setup.topics, setup.embedder, setup.model)
    scores = {
        page_id: topic
        for page_id, topics in pages.scores(topic_set, all_topics=True).items()
        for topic in topics
        if topic.topic_id == question["topic"]
    }
    unsure = sorted(scores, key=lambda page_id: (abs(scores[page_id].score - EVEN), page_id))
    excerpts = {page.page_id: _excerpt(page) for page in pages.texts}
    chosen = _different(unsure, pages.vectors)
    return {"pages": [_row(scores[page_id], page_id, excerpts[page_id]) for page_id in chosen]}


def _different(page_ids: Sequence[int], vectors: dict[int, Vector]) -> Iterator[int]:
    """The first LESSON of them, without those that say what one before them says."""
    taken: list[Vector] = []
    for page_id in page_ids:
        if len(taken) == LESSON:
            return
        vector = vectors[page_id]
        if all(float(np.dot(vector, other)) < TWINS for other in taken):
            taken.append(vector)
            yield page_id


def _excerpt(page: PageText) -> str:
    return shorten(page.summary or " ".join(page.body), EXCERPT, placeholder=" …")


def _row(topic: TopicScore, page_id: int, excerpt: str) -> Json:
    return {"id": page_id, "score": topic.score, "evidence": topic.evidence, "excerpt": excerpt}
