"""The tags of the head: begin, inside, end and single for each type of entity, and outside."""

from __future__ import annotations

from tagging.types import EntityLabel

TYPES: tuple[EntityLabel, ...] = ("PER", "ORG", "LOC")
TAGS = ("O", *(f"{place}-{label}" for label in TYPES for place in "BIES"))
NUMBER = {tag: number for number, tag in enumerate(TAGS)}


def may_follow(before: str, after: str) -> bool:
    """Whether a tag may follow another within a text; "O" also stands for its two ends."""
    if before[0] in "BI":
        return after[0] in "IE" and after[2:] == before[2:]
    return after[0] in "OBS"


def tags_of_spans(length: int, spans: list[tuple[int, int, EntityLabel]]) -> list[int]:
    """The tags of a text's tokens from spans over tokens (start, end, label)."""
    tags = [NUMBER["O"]] * length
    for start, end, label in spans:
        if end - start == 1:
            tags[start] = NUMBER[f"S-{label}"]
            continue
        tags[start:end] = [NUMBER[f"I-{label}"]] * (end - start)
        tags[start], tags[end - 1] = NUMBER[f"B-{label}"], NUMBER[f"E-{label}"]
    return tags


def spans_of_tags(tags: list[int]) -> list[tuple[int, int, EntityLabel]]:
    """The spans of a legal sequence of tags: (start, end, label), the end exclusive."""
    spans, start = [], 0
    for position, number in enumerate(tags):
        if not number:
            continue
        kind, place = divmod(number - 1, 4)
        if place in (0, 3):
            start = position
        if place in (2, 3):
            spans.append((start, position + 1, TYPES[kind]))
    return spans
