"""What would suit a text that an editor is still writing: analysed as a page would be, and not stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tagging.exceptions import TaggingError
from tagging.models import Entity
from tagging.types import AnalysisFailure, PageEntity, PageText

from .entities import curation
from .setup import Setup

KIND = "draft"

Json = dict[str, Any]


def analyze_draft(question: Json) -> Json:
    """Answer a PageText, as `asdict` gives it, with {topics, entities}: lists of TopicScore and PageEntity alike.

    `page_id` is 0 for a page that was never saved. An entity has the `topic_id` that editors linked it to, or None.
    """
    text = PageText(**{**question, "body": tuple(question["body"])})
    (found,) = Setup.current().analyze([text])
    if isinstance(found, AnalysisFailure):
        raise TaggingError(found.reason)
    return {"topics": [asdict(topic) for topic in found.topics], "entities": _as_seen(found.entities)}


def _as_seen(found: Sequence[PageEntity]) -> list[Json]:
    """The entities as editors want them seen, most salient first."""
    seen = sorted(curation()(found), key=lambda entity: -entity.salience)
    linked = Entity.objects.filter(name__in=[entity.name for entity in seen], topic__isnull=False, canonical=None)
    topics = {(name, label): topic_id for name, label, topic_id in linked.values_list("name", "label", "topic_id")}
    return [{**asdict(entity), "topic_id": topics.get((entity.name, entity.label))} for entity in seen]
