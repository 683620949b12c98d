"""What segments' rules refer to, read from the database for those who compile them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from personalization.exceptions import InvalidRules
from personalization.models import Segment
from personalization.segmentation import Group, KnownSegment, References, descendants, named_in, parse_rules
from personalization.segmentation.fields import EntityChoice, Field, SegmentChoice, TopicChoice
from tagging import index


def load_references(*unsaved: Mapping[str, Any]) -> References:
    """What the rules of every segment of the site, and trees that are not stored, refer to. At most three queries."""
    segments = {
        pk: KnownSegment(name, rules, is_enabled)
        for pk, name, rules, is_enabled in Segment.objects.values_list("pk", "name", "rules", "is_enabled")
    }
    trees = [*unsaved, *(segment.rules for segment in segments.values())]
    return References(
        topics=descendants(index.topic_parents()) if _name_any(trees, TopicChoice) else {},
        entities=index.entity_families() if _name_any(trees, EntityChoice) else {},
        segments=segments,
    )


def _name_any(trees: Iterable[Mapping[str, Any]], kind: type[Field]) -> bool:
    return any(True for tree in trees for _id in named_in(tree, kind))


def usable_trees(references: References) -> dict[int, Group]:
    """Segment id → its checked tree. Segments whose rules cannot be used are absent."""
    trees = {}
    for pk, known in references.segments.items():
        with suppress(InvalidRules):
            trees[pk] = parse_rules(known.rules, references, pk)
    return trees


def segments_that_name(segment_id: int, references: References) -> list[KnownSegment]:
    """The other segments whose rules name this one, by name."""
    naming = [
        known
        for pk, known in references.segments.items()
        if pk != segment_id and segment_id in named_in(known.rules, SegmentChoice)
    ]
    return sorted(naming, key=lambda known: known.name)


def segments_that_follow(segment_id: int, references: References) -> frozenset[int]:
    """The segments whose members may change with this one's: those that name it, directly or through others."""
    named = {pk: set(named_in(known.rules, SegmentChoice)) for pk, known in references.segments.items()}
    found = {segment_id}
    while new := {pk for pk, names in named.items() if names & found} - found:
        found |= new
    return frozenset(found - {segment_id})
