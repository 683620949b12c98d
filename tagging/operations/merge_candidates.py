"""Entities that may be one and the same: proposed to editors, never merged without their yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from tagging.models import Entity
from tagging.ner.resemblance import Reason, resemblance

ACROSS_KINDS = ("words", "initials")  # the recogniser may take one name for a person here and a place there


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """An entity that resembles another one, and why."""

    entity: Entity
    reason: Reason
    score: float


def merge_candidates(entity: Entity, limit: int = 5) -> Sequence[MergeCandidate]:
    """What `entity` may be one with, likeliest first. Reads the names of all entities: for one page, not for a list."""
    others = _roots().exclude(pk=entity.pk).values_list("pk", "name", "label")
    found = []
    for pk, name, label in others.iterator():
        alike = resemblance(entity.name, name)
        if alike and (alike.reason in ACROSS_KINDS or label == entity.label or "MISC" in (label, entity.label)):
            found.append((alike, pk))
    best = sorted(found, key=lambda pair: (-pair[0].score, pair[1]))[:limit]
    entities = _roots().in_bulk([pk for _alike, pk in best])
    return [MergeCandidate(entities[pk], alike.reason, alike.score) for alike, pk in best if pk in entities]


def _roots() -> QuerySet[Entity]:
    return Entity.objects.filter(canonical__isnull=True, is_hidden=False)
