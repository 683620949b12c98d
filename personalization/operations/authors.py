"""Who wrote a page: the site's own field says so, or Wagtail's owner."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import TYPE_CHECKING, Any

import swapper
from django.db.models import Model
from django.utils.module_loading import import_string

from personalization.conf import settings

if TYPE_CHECKING:
    from wagtail.models import Page


def authors_of(page_ids: Collection[int]) -> dict[int, frozenset[Hashable]]:
    """Page id → its authors, by the setting AUTHOR: "owner", another field of the site's page types, or a function.

    The function takes a page of its specific class and returns an author or several. An author is whatever can be
    told apart: a name, a person's row. One query for owners, else one for each page type.
    """
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids)
    if settings.AUTHOR == "owner":
        owners = pages.exclude(owner=None).values_list("pk", "owner_id")
        return {page_id: frozenset([owner]) for page_id, owner in owners}
    authors = author_getter(settings.AUTHOR)
    return {page.pk: _several(authors(page)) for page in pages.specific()}


def author_getter(name: Any) -> Callable[[Page], Any]:
    """What AUTHOR names: a dotted path to a function, or a field that some page types have. Raises ImportError."""
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is no name")
    if "." in name:
        found: Callable[[Page], Any] = import_string(name)
        return found
    return lambda page: getattr(page, name, None)


def _several(value: Any) -> frozenset[Hashable]:
    """One author or many, as a field or a related manager has them, as something that can be told apart."""
    if hasattr(value, "all"):
        value = value.all()
    if value is None or value == "":
        return frozenset()
    is_one = isinstance(value, str | Model) or not isinstance(value, Iterable)
    return frozenset(_key(author) for author in ([value] if is_one else value))


def _key(author: Any) -> Hashable:
    return (author._meta.label, author.pk) if isinstance(author, Model) else str(author).casefold()
