"""A page's versions that name a tag which is being merged: going back to one of them must not lose it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet

from .tag_uses import draft_relations, json_key


def repoint(page: Any, old: Any, new: Any) -> tuple[list[int], list[int]]:
    """Let the page's versions, scheduled ones and those in moderation among them, name `new` for `old`.

    Returns the ids of the versions that had `old` alone, and of those that had both.
    """
    alone: list[int] = []
    both: list[int] = []
    for revision in _naming(page, old):
        (both if _replace(revision, old, new) else alone).append(revision.pk)
    return alone, both


def point_back(page: Any, old: Any, new: Any, alone: Collection[int], both: Collection[int]) -> None:
    """Undo `repoint(page, new, old)`: `both` get the tag beside the one they have."""
    for revision in _naming(page, old).filter(pk__in=[*alone, *both]):
        _replace(revision, old, new, keep_old=revision.pk in both)


def _naming(page: Any, tag: Any) -> QuerySet[Any]:
    named = Q(pk__in=[])
    for relation in draft_relations(type(tag)):
        named |= Q(content__contains={relation: [{"tag": json_key(tag)}]})
    revisions: QuerySet[Any] = page.revisions.filter(named)
    return revisions


def _replace(revision: Any, old: Any, new: Any, *, keep_old: bool = False) -> bool:
    """Change one version's content, and nothing else of it; returns whether it had the new tag already."""
    had_both = False
    for relation in draft_relations(type(old)):
        items = revision.content.get(relation) or []
        has_new = any(item["tag"] == json_key(new) for item in items)
        changed = []
        for item in items:
            if item["tag"] != json_key(old):
                changed.append(item)
                continue
            had_both |= has_new
            if keep_old:
                changed.append(item)
            if not has_new:
                changed.append({**item, "tag": json_key(new), **({"pk": None} if keep_old else {})})
        revision.content[relation] = changed
    type(revision).objects.filter(pk=revision.pk).update(content=revision.content)
    return had_both
