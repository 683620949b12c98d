"""What rules refer to: the site's topics, entities and segments, handed in when rules are compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class KnownSegment:
    """A segment as other segments' rules may name it. A disabled one matches nobody."""

    name: str
    rules: Mapping[str, Any]
    is_enabled: bool = True


@dataclass(frozen=True, slots=True)
class References:
    """`topics` maps a topic's id to the ids of it and every topic below it; `entities` the id of an entity to
    those of all that were merged into one with it. What is not in a mapping stands for itself alone; a segment
    that is not in `segments` matches nobody."""

    topics: Mapping[int, frozenset[int]] = field(default_factory=dict)
    entities: Mapping[int, frozenset[int]] = field(default_factory=dict)
    segments: Mapping[int, KnownSegment] = field(default_factory=dict)


def descendants(parents: Mapping[int, int | None]) -> dict[int, frozenset[int]]:
    """Topic id → the ids of it and every topic below it, from a tree given as id → id above (None at the root)."""
    below: dict[int, set[int]] = {topic: {topic} for topic in parents}
    for topic in parents:
        above = parents[topic]
        while above is not None and topic not in below.setdefault(above, {above}):
            below[above].add(topic)
            above = parents.get(above)
    return {topic: frozenset(found) for topic, found in below.items()}
