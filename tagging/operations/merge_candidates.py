"""Entities that may be one and the same: proposed to editors, never merged without their yes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tagging.models import Entity
from tagging.ner.resemblance import Reason, resemblance

MAX_INITIALS = 10
_WORD = re.compile(r"[^\W\d_]+")

ACROSS_KINDS = ("words", "initials")  # the recogniser may take one name for a person here and a place there


@dataclass(frozen=True, slots=True)
class MergeCandidate:
    """An entity that resembles another one, and why."""

    entity: Entity
    reason: Reason
    score: float


def merge_candidates(entity: Entity, limit: int = 5) -> Sequence[MergeCandidate]:
    """What `entity` may be one with, likeliest first. Looks through all names: for one page, not for a list."""
    others = _roots().exclude(pk=entity.pk).filter(_not_unlike(entity.name))
    found = []
    for pk, name, label in others.values_list("pk", "name", "label").iterator():
        alike = resemblance(entity.name, name)
        if alike and (alike.reason in ACROSS_KINDS or label == entity.label or "MISC" in (label, entity.label)):
            found.append((alike, pk))
    best = sorted(found, key=lambda pair: (-pair[0].score, pair[1]))[:limit]
    entities = _roots().in_bulk([pk for _alike, pk in best])
    return [MergeCandidate(entities[pk], alike.reason, alike.score) for alike, pk in best if pk in entities]


def _not_unlike(name: str) -> Q:
    """What the database can leave out: names that share no word, no beginning or end, and no initials with this one."""
    words = _WORD.findall(name)
    wanted = Q(name__istartswith=name[:3]) | Q(name__iendswith=name[-3:])
    for word in words:
        wanted |= Q(name__icontains=word) if len(word) > 2 else Q()
    letters = [letter for letter in name if letter.isalpha()]
    if len(letters) <= MAX_INITIALS:  # "FBI" of a long name
        wanted |= Q(name__iregex=".*".join(rf"\m{letter}" for letter in letters)) if letters else Q()
    for initials in {*_initials(words), "".join(letter for letter in name if letter.isupper())}:
        wanted |= Q(name__iregex=rf"^{'[.]?'.join(initials)}[.]?$") if len(initials) > 1 else Q()
    return wanted


def _initials(words: Sequence[str]) -> tuple[str, str]:
    """Of all words, and of those with a capital or more than three letters."""
    content = [word for word in words if len(word) > 3 or word[0].isupper()]
    return "".join(word[0] for word in words), "".join(word[0] for word in content)


def _roots() -> QuerySet[Entity]:
    return Entity.objects.filter(canonical__isnull=True, is_hidden=False)
