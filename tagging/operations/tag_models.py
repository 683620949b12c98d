"""The tag fields of the site's page types, and everything that their tags are on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, QuerySet
from taggit.managers import TaggableManager
from taggit.models import CommonGenericTaggedItemBase, ItemBase
from wagtail.models import get_page_models

from .tag_field import tag_field, tag_fields


@dataclass(frozen=True, slots=True)
class PageTagField:
    """A tag field of one page type."""

    page_model: type[Any]
    field: TaggableManager

    @property
    def label(self) -> str:
        """As `manage.py adopt_tags --field` names it."""
        return f"{self.page_model._meta.label}.{self.field.name}"

    @property
    def tag_model(self) -> type[Any]:
        model: type[Any] = self.field.related_model
        return model

    def tags_of(self, pages: QuerySet[Any]) -> Iterator[tuple[Any, int]]:
        """(tag id, page id) for every tag on those of the pages that are of this type. One query."""
        types = ContentType.objects.get_for_models(*subclasses(self.page_model)).values()
        wanted = pages.filter(content_type__in=types).values("pk")
        rows = tagged_items(self.field.through, self.page_model).filter(object_key__in=wanted)
        return rows.values_list("tag_id", "object_key").iterator()


def page_tag_fields() -> list[PageTagField]:
    """The tag fields that TAG_FIELD names, of all page types that have one."""
    found = ((model, tag_field(model)) for model in get_page_models())
    return [PageTagField(model, field) for model, field in found if field is not None]


def page_tag_field(label: str) -> PageTagField:
    """The tag field written as "app.Model.field". Raises LookupError with what to write instead."""
    model_label, _dot, name = label.rpartition(".")
    try:
        model = apps.get_model(model_label)
    except (LookupError, ValueError):
        raise LookupError(f"{model_label!r} is no installed model. Write the field as app.Model.tags.") from None
    fields = {field.name: field for field in tag_fields(model)}
    if model not in get_page_models() or name not in fields:
        known = ", ".join(sorted(fields)) or "none"
        raise LookupError(f"{label!r} is no tag field of a page type. Tag fields of {model_label}: {known}.")
    return PageTagField(model, fields[name])


def tagged_items(through: type[ItemBase], model: type[Any] | None = None) -> QuerySet[Any]:
    """The rows that put tags on objects, annotated with `object_key`; of one model where the rows are generic."""
    rows: QuerySet[Any] = through._default_manager.all()
    key = "object_id" if is_generic(through) else "content_object_id"
    if is_generic(through) and model is not None:
        types = ContentType.objects.get_for_models(*subclasses(model))
        rows = rows.filter(content_type__in=types.values())
    annotated: QuerySet[Any] = rows.annotate(object_key=F(key))
    return annotated


def is_generic(through: type[ItemBase]) -> bool:
    """Whether the rows of a through model point to objects of any model."""
    return issubclass(through, CommonGenericTaggedItemBase)


def subclasses(model: type[Any]) -> Iterable[type[Any]]:
    """The model and the installed ones that inherit from it."""
    return [other for other in apps.get_models() if issubclass(other, model)]
