"""The names of what rules hold the ids of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import swapper
from django.contrib.auth.models import Group

from personalization.models import Segment
from personalization.segmentation import named_in
from personalization.segmentation.fields import (
    EntityChoice,
    Field,
    GroupChoice,
    ImportedSegmentChoice,
    PageChoice,
    SegmentChoice,
    TopicChoice,
)
from personalization.visitors.memberships import imported_segment_names
from tagging import index

Ids = Collection[int]


def _page_titles(ids: Ids) -> dict[int, str]:
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=ids)
    return dict(pages.values_list("pk", "draft_title"))


_NAMES: dict[type[Field], Callable[[Ids], dict[int, str]]] = {
    TopicChoice: index.topic_names,
    EntityChoice: index.entity_names,
    PageChoice: _page_titles,
    SegmentChoice: lambda ids: dict(Segment.objects.filter(pk__in=ids).values_list("pk", "name")),
    GroupChoice: lambda ids: dict(Group.objects.filter(pk__in=ids).values_list("pk", "name")),
    ImportedSegmentChoice: imported_segment_names,
}
KINDS = tuple(_NAMES)

Names = Mapping[type[Field], Mapping[int, str]]
"""Kind of field → id → name. What is missing no longer exists."""


def names_in(trees: Iterable[Mapping[str, Any]]) -> Names:
    """The names of everything that stored trees hold the id of. At most one query a kind."""
    trees = list(trees)
    named = {kind: {pk for tree in trees for pk in named_in(tree, kind)} for kind in KINDS}
    return {kind: _NAMES[kind](ids) if ids else {} for kind, ids in named.items()}
