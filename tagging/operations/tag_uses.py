"""What a tag is on: pages as readers see them, pages' drafts, and everything else that can be tagged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import swapper
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Q, QuerySet
from modelcluster.contrib.taggit import ClusterTaggableManager
from taggit.models import ItemBase
from wagtail.models import get_page_models

from .tag_field import tag_fields
from .tag_models import is_generic, subclasses, tagged_items


@dataclass(frozen=True, slots=True)
class TagUse:
    """A tag and how much it is used: `drafts` are pages that have it in their newest draft only, `others` no pages."""

    tag: Any
    pages: int = 0
    drafts: int = 0
    others: int = 0

    @property
    def total(self) -> int:
        return self.pages + self.drafts + self.others

    @property
    def all_pages(self) -> int:
        return self.pages + self.drafts


def tag_uses(tag_model: type[Any]) -> list[TagUse]:
    """Every tag with its uses, the most used first. A number of queries that depends on the models alone."""
    pages: Counter[Any] = Counter()
    others: Counter[Any] = Counter()
    for through in throughs(tag_model):
        for is_page, rows in _rows(through):
            counts = rows.values("tag_id").order_by("tag_id").annotate(n=Count("object_key", distinct=True))
            (pages if is_page else others).update(dict(counts.values_list("tag_id", "n")))
    drafts = {key: len(found) for key, found in _draft_only(tag_model).items()}
    uses = [
        TagUse(tag, pages[tag.pk], drafts.get(str(tag.pk), 0), others[tag.pk])
        for tag in tag_model._default_manager.all()
    ]
    return sorted(uses, key=lambda use: (-use.all_pages, -use.others, use.tag.name))


def pages_with(tag: Any) -> set[int]:
    """The ids of the pages that have a tag, as readers see them or in their newest draft."""
    found: set[int] = set(pages_by_tag(type(tag), [tag.pk])[tag.pk])
    for draft in _drafts(type(tag), tag):
        found.add(draft[0])
    return found


def pages_by_tag(tag_model: type[Any], keys: Collection[Any]) -> dict[Any, list[int]]:
    """Tag id → ids of the pages that readers see it on. For examples, and for what is found on them."""
    found: dict[Any, list[int]] = defaultdict(list)
    for rows in page_rows(tag_model):
        pairs = rows.filter(tag_id__in=keys).order_by("-object_key")
        for key, page_id in pairs.values_list("tag_id", "object_key"):
            found[key].append(page_id)
    return found


def page_rows(tag_model: type[Any]) -> Iterator[QuerySet[Any]]:
    """The rows that put these tags on pages, each query with `tag_id` and `object_key`, the page's id."""
    for through in throughs(tag_model):
        yield from (rows for is_page, rows in _rows(through) if is_page)


def is_used(tag: Any) -> bool:
    """Whether a page, a draft or anything else has the tag."""
    return bool(pages_with(tag)) or any(
        through._default_manager.filter(tag=tag).exists() for through in throughs(type(tag))
    )


def throughs(tag_model: type[Any]) -> list[type[ItemBase]]:
    """The models whose rows put these tags on objects."""
    fields = tag_model._meta.get_fields(include_hidden=True)
    related = [field.related_model for field in fields if field.auto_created and not field.concrete]
    return [model for model in dict.fromkeys(related) if issubclass(model, ItemBase)]


def draft_relations(tag_model: type[Any]) -> dict[str, list[type[Any]]]:
    """The names under which revisions keep these tags, each with the page types that do so."""
    relations: dict[str, list[type[Any]]] = defaultdict(list)
    for model in get_page_models():
        for field in tag_fields(model):
            if isinstance(field, ClusterTaggableManager) and field.related_model is tag_model:
                relation = field.through._meta.get_field("content_object").remote_field.get_accessor_name()
                relations[relation].append(model)
    return relations


def json_key(tag: Any) -> int | str:
    """A tag's id as revisions keep it."""
    return tag.pk if isinstance(tag.pk, int) else str(tag.pk)


def _rows(through: type[ItemBase]) -> Iterator[tuple[bool, QuerySet[Any]]]:
    """The rows of a through model: those of pages, and those of other objects."""
    page_model = swapper.load_model("wagtailcore", "Page")
    rows = tagged_items(through)
    if is_generic(through):
        types = ContentType.objects.get_for_models(*subclasses(page_model)).values()
        yield True, rows.filter(content_type__in=types)
        yield False, rows.exclude(content_type__in=types)
    else:
        yield issubclass(through._meta.get_field("content_object").related_model, page_model), rows


def _draft_only(tag_model: type[Any]) -> dict[str, set[int]]:
    """Tag id, as text → pages that have it in their newest draft and not otherwise."""
    found: dict[str, set[int]] = defaultdict(set)
    for page_id, items in _drafts(tag_model):
        for item in items or ():
            found[str(item["tag"])].add(page_id)
    keys = [tag.pk for tag in tag_model._default_manager.filter(pk__in=list(found))]
    for key, page_ids in pages_by_tag(tag_model, keys).items():
        found[str(key)].difference_update(page_ids)
    return found


def _drafts(tag_model: type[Any], tag: Any = None) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """(page id, tagged items) of pages with unpublished changes; only of those that name `tag`, where it is given."""
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(has_unpublished_changes=True)
    for relation, models in draft_relations(tag_model).items():
        wanted = Q(content_type__in=ContentType.objects.get_for_models(*models).values())
        if tag is not None:
            wanted &= Q(latest_revision__content__contains={relation: [{"tag": json_key(tag)}]})
        yield from pages.filter(wanted).values_list("pk", f"latest_revision__content__{relation}").iterator()
