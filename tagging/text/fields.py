"""The prose in a page's own fields and in its inline children, in the order of the editor's panels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import swapper
from django.db import models
from modelcluster.fields import ParentalKey
from modelcluster.models import get_all_child_relations
from wagtail.fields import RichTextField, StreamField

from .blocks import block_paragraphs
from .clean import paragraphs
from .machine import is_prose, is_prose_name

# Kinds of CharField and TextField that hold no prose.
_NOT_PROSE = (
    models.EmailField,
    models.URLField,
    models.SlugField,
    models.FilePathField,
    models.GenericIPAddressField,
    models.UUIDField,
)


def named_paragraphs(page: Any) -> Iterator[tuple[str, list[str]]]:
    """Each field or inline relation that says something, by name, with its paragraphs."""
    for name in _in_panel_order(type(page), [*_own_fields(type(page)), *_own_relations(type(page))]):
        found = list(_paragraphs_of(page, name))
        if found:
            yield name, found


def _paragraphs_of(owner: Any, name: str) -> Iterator[str]:
    field = owner._meta.get_field(name)
    if field.one_to_many:
        for child in getattr(owner, name).all():
            for child_name in _own_fields(type(child)):
                yield from _paragraphs_of(child, child_name)
        return
    value = getattr(owner, name)
    if isinstance(field, StreamField):
        yield from block_paragraphs(field.stream_block, value)
    elif value:
        parts = paragraphs(str(value))
        yield from parts if isinstance(field, RichTextField) else filter(is_prose, parts)


def _own_fields(model: type[models.Model]) -> list[str]:
    """Names of the model's fields that may hold prose, without those of `Page` itself."""
    base: Any = swapper.load_model("wagtailcore", "Page")
    inherited = {field.name for field in base._meta.get_fields()}
    return [field.name for field in model._meta.concrete_fields if field.name not in inherited and _may_be_prose(field)]


def _may_be_prose(field: Any) -> bool:
    if isinstance(field, (StreamField, RichTextField)):
        return True
    kind = isinstance(field, (models.CharField, models.TextField)) and not isinstance(field, _NOT_PROSE)
    return kind and not field.choices and field.editable and is_prose_name(field.name)


def _own_relations(model: type[models.Model]) -> list[str]:
    """Names of inline children (ParentalKey) with prose that the page's own model adds; form fields say nothing."""
    base: Any = swapper.load_model("wagtailcore", "Page")
    inherited = {relation.get_accessor_name() for relation in get_all_child_relations(base)}
    names = [
        relation.get_accessor_name()
        for relation in get_all_child_relations(model)
        if isinstance(relation.field, ParentalKey) and _own_fields(relation.related_model)
    ]
    return [name for name in names if name not in inherited and name != "form_fields"]


def _in_panel_order(model: type[models.Model], names: Iterable[str]) -> list[str]:
    """Names in the order an editor meets them; those without a panel come last, in model order."""
    edit_handler = getattr(model, "edit_handler", None)
    panels = getattr(edit_handler, "children", None) or getattr(model, "content_panels", None) or ()
    order = {name: place for place, name in reversed(list(enumerate(_panel_names(panels))))}
    return sorted(names, key=lambda name: order.get(name, len(order) + 1))


def _panel_names(panels: Iterable[Any]) -> Iterator[str]:
    for panel in panels:
        name = panel if isinstance(panel, str) else getattr(panel, "field_name", None)
        name = name or getattr(panel, "relation_name", None)
        if name:
            yield name
        else:
            yield from _panel_names(getattr(panel, "children", None) or ())
