"""The names of what rules hold the ids of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import swapper
from django.contrib.auth.models import Group
from django.db.models.functions import Coalesce

from personalization.models import LearnedCluster, Segment
from personalization.segmentation import named_in
from personalization.segmentation.fields import (
    ClusterChoice,
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


def cluster_names(ids: Ids | None = None) -> dict[int, str]:
    """Id → name of these learned clusters, or of all, by name: that of its segment, else the one proposed."""
    clusters = LearnedCluster.objects.alias(name=Coalesce("segment__name", "proposed_name")).order_by("name")
    found = clusters if ids is None else clusters.filter(pk__in=ids)
    return dict(found.values_list("pk", Coalesce("segment__name", "proposed_name")))


_NAMES: dict[type[Field], Callable[[Ids], dict[int, str]]] = {
    TopicChoice: index.topic_names,
    EntityChoice: index.entity_names,
    PageChoice: _page_titles,
    SegmentChoice: lambda ids: dict(Segment.objects.filter(pk__in=ids).values_list("pk", "name")),
    GroupChoice: lambda ids: dict(Group.objects.filter(pk__in=ids).values_list("pk", "name")),
    ClusterChoice: cluster_names,
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
