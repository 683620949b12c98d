"""The phrases that stand for a topic in a text: its name, its synonyms, and what these two imply."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tagging.types import TopicDefinition

_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|et|und|y|e|och|og|&)\s+|\s*[&/]\s*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\(([^\W\d_]{2,6})\)")
_WORD = re.compile(r"[^\W_]+")


def phrases_of(topic: TopicDefinition) -> tuple[str, ...]:
    """Name, synonyms, the parts of a name like "Coffee and tea", and an acronym that the description spells out."""
    found = dict.fromkeys((topic.name, *topic.synonyms, *_parts(topic.name), *_acronyms(topic)))
    return tuple(phrase for phrase in found if phrase)


def _parts(name: str) -> list[str]:
    parts = [part.strip() for part in _AND.split(name)]
    return [part for part in parts if len(part) > 2] if len(parts) > 1 else []


def _acronyms(topic: TopicDefinition) -> Iterator[str]:
    """`API` where the topic "Application programming interface" is described with "(APIs)"."""
    initials = "".join(word[0] for word in _WORD.findall(topic.name)).upper()
    for found in _IN_BRACKETS.findall(topic.description):
        acronym = found.removesuffix("s")
        if acronym.isupper() and acronym == initials:
            yield acronym
