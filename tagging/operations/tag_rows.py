"""The rows that put a tag on images, documents, snippets and aliases of pages: moved to another tag, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.core import serializers
from taggit.models import ItemBase
from wagtail.search.index import insert_or_update_object

from .tag_models import is_generic, tagged_items
from .tag_uses import throughs

Moved = dict[str, dict[str, list[Any]]]
"""Label of a through model → "moved": ids of rows, "dropped": rows of objects that had both tags, serialised."""


def move_rows(old: Any, new: Any) -> Moved:
    """Give everything that still has `old` the tag `new`; nothing gets it twice."""
    moved: Moved = {}
    for through in throughs(type(old)):
        taken = {_object_of(row) for row in tagged_items(through).filter(tag=new)}
        rows = list(tagged_items(through).filter(tag=old))
        if not rows:
            continue
        dropped = [row for row in rows if _object_of(row) in taken]
        kept = [row for row in rows if _object_of(row) not in taken]
        moved[through._meta.label] = {"moved": [row.pk for row in kept], "dropped": _serialized(dropped)}
        through._default_manager.filter(pk__in=[row.pk for row in dropped]).delete()
        through._default_manager.filter(pk__in=[row.pk for row in kept]).update(tag=new)
        _reindex(through, rows)
    return moved


def move_rows_back(moved: Moved, old: Any, new: Any) -> None:
    """Undo `move_rows(new, old)` on objects that are there still, and still have the tag."""
    for label, keys in moved.items():
        through = apps.get_model(label)
        back = through._default_manager.filter(pk__in=keys["moved"], tag=old)
        rows = list(tagged_items(through).filter(pk__in=back.values("pk")))
        back.update(tag=new)
        for item in serializers.deserialize("python", keys["dropped"]):
            if _exists(item.object):
                item.object.pk = None
                item.save()
                rows += tagged_items(through).filter(pk=item.object.pk)
        _reindex(through, rows)


def _object_of(row: Any) -> tuple[Any, Any]:
    return getattr(row, "content_type_id", None), row.object_key


def _serialized(rows: Iterable[Any]) -> list[Any]:
    data: list[Any] = json.loads(serializers.serialize("json", rows))
    return data


def _exists(row: Any) -> bool:
    if is_generic(type(row)):
        return row.content_object is not None
    model = row._meta.get_field("content_object").related_model
    return bool(model._default_manager.filter(pk=row.content_object_id).exists())


def _reindex(through: type[ItemBase], rows: Iterable[Any]) -> None:
    """Tags are searched for with what they are on; a row that is moved sends no signal."""
    for row in through._default_manager.filter(pk__in=[row.pk for row in rows]):
        if row.content_object is not None:
            insert_or_update_object(row.content_object)
