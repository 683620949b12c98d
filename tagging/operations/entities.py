"""What editors say about entities: which are one, which are noise, what they are called and stand for.

Permissions are the caller's job, and so is waking a worker (`tasks.wake_sweep`). Each function is one transaction,
is logged with who and when, and has the pages that it bears on scored again. Pages keep their entities as found:
readers resolve them (`PageEntity.resolved`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from tagging.exceptions import CannotMerge
from tagging.models import Entity, EntityMerge, PageEntity, Topic
from tagging.pipeline import Curate
from tagging.types import EntityLabel
from tagging.types import PageEntity as FoundEntity

from .embedding_models import LOCK_NAMESPACE
from .outbox import mark_unscored
from .storage import entity_key

MERGES_LOCK = -2  # beside LOCK_NAMESPACE: no embedding model has this id


def merge(source: Entity, target: Entity, user: Any) -> EntityMerge:
    """From now on, `source` and what was merged into it are names of `target`, or of what that was merged into.

    Raises CannotMerge where they are one already, or `source` is merged into something else.
    """
    with transaction.atomic():
        _lock_merges()
        source.refresh_from_db()
        target.refresh_from_db()
        root = target.canonical or target
        if source.canonical:
            message = _("“%(source)s” is merged into “%(target)s” already. Split it off first.")
            raise CannotMerge(message % {"source": source, "target": source.canonical})
        if source == root:
            raise CannotMerge(
                _("“%(source)s” and “%(target)s” are one already.") % {"source": source, "target": target}
            )
        merged = EntityMerge.objects.create(source=source, target=root, merged_by=user)
        _set_canonical([source.pk, *_below(source)], root)
        _log_both("tagging.merge_entity", source, root, user)
        mark_unscored(_pages_of(root))
    source.refresh_from_db()
    return merged


def split(source: Entity, user: Any) -> bool:
    """Undo a merge: everything is as it was before. False where there is nothing to undo."""
    with transaction.atomic():
        _lock_merges()
        merged = EntityMerge.objects.filter(source=source).select_related("target").first()
        if merged is None:
            return False
        root = merged.target.canonical or merged.target
        mark_unscored(_pages_of(root))
        merged.delete()
        _set_canonical(_below(source), source)
        _set_canonical([source.pk], None)
        _log_both("tagging.split_entity", source, merged.target, user)
    source.refresh_from_db()
    return True


def hide(entity: Entity, user: Any) -> None:
    """The entity is shown nowhere, and speaks for no topic."""
    if not entity.is_hidden:
        _change(entity, user, "tagging.hide_entity", is_hidden=True)
        mark_unscored(_pages_of(entity))


def unhide(entity: Entity, user: Any) -> None:
    """The entity is shown again."""
    if entity.is_hidden:
        _change(entity, user, "tagging.unhide_entity", is_hidden=False)
        mark_unscored(_pages_of(entity))


def rename(entity: Entity, name: str, user: Any) -> None:
    """What the entity is called; it is still found by the name that the texts have."""
    if name != entity.name:
        _change(entity, user, "tagging.rename_entity", {"old": entity.name, "new": name}, name=name)
        mark_unscored(_pages_of(entity))


def link(entity: Entity, topic: Topic | None, user: Any) -> None:
    """Pages that name the entity are likely to be on the topic. None takes that back."""
    if (topic and topic.pk) != entity.topic_id:
        action = "tagging.link_entity" if topic else "tagging.unlink_entity"
        _change(entity, user, action, {"topic": str(topic or entity.topic)}, topic=topic)


def identify(entity: Entity, wikidata_id: str, user: Any) -> None:
    """Which item of Wikidata the entity is; "" for none that is known. The id must be valid."""
    if wikidata_id != entity.wikidata_id:
        _change(entity, user, "tagging.identify_entity", {"id": wikidata_id or "–"}, wikidata_id=wikidata_id)


def curation() -> Curate:
    """What turns entities as found into those that speak for topics: merged, renamed, without hidden ones. One query.

    Leaves alone what no editor has touched.
    """
    touched = Q(canonical__isnull=False) | Q(is_hidden=True) | ~Q(key=Lower(F("name")))
    roots: dict[tuple[str, str], Entity] = {
        (entity.key, entity.label): entity.canonical or entity
        for entity in Entity.objects.filter(touched).select_related("canonical")
    }

    def curate(found: Sequence[FoundEntity]) -> list[FoundEntity]:
        pairs = ((entity, roots.get(entity_key(entity))) for entity in found)
        return [_as_seen(entity, root) for entity, root in pairs if root is None or not root.is_hidden]

    return curate


def _as_seen(entity: FoundEntity, root: Entity | None) -> FoundEntity:
    if root is None:
        return entity
    label = cast(EntityLabel, root.label)
    return replace(entity, name=root.name, label=label, aliases=(entity.name, *entity.aliases))


def _change(entity: Entity, user: Any, action: str, data: dict[str, str] | None = None, **values: Any) -> None:
    with transaction.atomic():
        for field, value in values.items():
            setattr(entity, field, value)
        # No signal, which would wake a worker for each of many: callers wake one at the end.
        Entity.objects.filter(pk=entity.pk).update(**values)
        log(instance=entity, action=action, user=user, data=data or {})


def _log_both(action: str, source: Entity, target: Entity, user: Any) -> None:
    """In the history of both, since an editor may look at either."""
    data = {"source": source.name, "target": target.name}
    for entity in (source, target):
        log(instance=entity, action=action, user=user, data=data)


def _lock_merges() -> None:
    """Two editors who merge at once do so one after the other: their merges must not run in a ring."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_NAMESPACE, MERGES_LOCK])


def _below(entity: Entity) -> list[int]:
    """The ids of all that was merged into an entity, directly or not."""
    found: list[int] = []
    level = [entity.pk]
    while level:
        level = list(EntityMerge.objects.filter(target__in=level).values_list("source_id", flat=True))
        found += level
    return found


def _set_canonical(entity_ids: Iterable[int], root: Entity | None) -> None:
    Entity.objects.filter(pk__in=entity_ids).update(canonical=root)


def _pages_of(entity: Entity) -> list[int]:
    rows = PageEntity.objects.filter(Q(entity=entity) | Q(entity__canonical=entity))
    return list(rows.values_list("page_id", flat=True).distinct())
