"""The site's own names for the worker, and for the entities that they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast

from django.db.models import Count, Max

from tagging import ner
from tagging.models import Entity, GazetteerName
from tagging.ner.gazetteer import Gazetteer, KnownName
from tagging.types import EntityLabel

MAX_RECOGNIZER_ID = 180  # characters that leave room for the gazetteer's version in the column


def current_gazetteer() -> Gazetteer:
    """The gazetteer as it stands. One query where this process has it already. Loads no model."""
    return _gazetteer(**GazetteerName.objects.aggregate(count=Count("pk"), updated_at=Max("updated_at")))


@lru_cache(maxsize=2)
def _gazetteer(count: int, updated_at: object) -> Gazetteer:
    """Every change of a name moves `updated_at` on, every removal the count, so that these two stand for the rest."""
    rows = GazetteerName.objects.values_list("name", "label", "aliases", "match_case")
    return Gazetteer(
        [
            KnownName(name, cast(EntityLabel, label), tuple(aliases), match_case)
            for name, label, aliases, match_case in rows
        ]
    )


def recognizer_id(language: str, known: Gazetteer) -> str:
    """What names in a language are found with: the recogniser and the gazetteer. Loads no model."""
    name = ner.current_name(language)
    return f"{name[:MAX_RECOGNIZER_ID]}+{known.version}" if known.version else name


def pass_on(names: Iterable[GazetteerName], before: Mapping[int, GazetteerName] | None = None) -> None:
    """Give the entities of known names their topic and Wikidata id; makes the entities that are new.

    What an editor gave the entity itself stays. `before` holds the names as they were, by id: where the entity
    had its value from there, it follows.
    """
    names = list(names)
    Entity.objects.bulk_create(
        [
            Entity(
                key=known.name.lower(),
                label=known.label,
                name=known.name,
                topic_id=known.topic_id,
                wikidata_id=known.wikidata_id,
            )
            for known in sorted(names, key=lambda known: known.name.lower())
        ],
        ignore_conflicts=True,
    )
    by_key = {(known.name.lower(), known.label): known for known in names}
    changed = []
    for entity in Entity.objects.filter(key__in=[key for key, _label in by_key]):
        known = by_key.get((entity.key, entity.label))
        if known and _follow(entity, known, (before or {}).get(known.pk)):
            changed.append(entity)
    Entity.objects.bulk_update(changed, ["topic", "wikidata_id"], batch_size=500)


def _follow(entity: Entity, known: GazetteerName, old: GazetteerName | None) -> bool:
    """Take over what the entity lacks, or had from the name as it was; returns whether anything changed."""
    had = entity.topic_id, entity.wikidata_id
    if entity.topic_id in (None, old and old.topic_id):
        entity.topic_id = known.topic_id
    if entity.wikidata_id in ("", old and old.wikidata_id):
        entity.wikidata_id = known.wikidata_id
    return had != (entity.topic_id, entity.wikidata_id)
