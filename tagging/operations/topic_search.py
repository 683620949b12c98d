"""Finding a topic by typing: by name, synonym or what stands above it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from tagging.models import Topic

SEPARATOR = " › "


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """One topic that answers a search. `trail` is what stands above it ("Culture › Film", "" at the top),
    `synonym` the word that was found where the name does not hold it.
    """

    topic_id: int
    name: str
    trail: str
    synonym: str


@dataclass(frozen=True, slots=True)
class TopicSearch:
    """The best topics for some words, how many there are in all, and whether one is called exactly so."""

    topics: tuple[FoundTopic, ...]
    count: int
    is_named: bool


def search_topics(words: str, limit: int) -> TopicSearch:
    """Topics whose name, synonyms or trail hold the words, best first; all in tree order where there are none.

    Case and accents do not matter. One query.
    """
    wanted = _folded(words)
    ranked = sorted(_ranked(wanted), key=lambda pair: pair[0])
    return TopicSearch(
        topics=tuple(topic for _rank, topic in ranked[:limit]),
        count=len(ranked),
        is_named=any(_folded(topic.name) == wanted for _rank, topic in ranked),
    )


def _ranked(wanted: str) -> Iterator[tuple[float, FoundTopic]]:
    names: dict[str, str] = {}  # by path; a topic comes after all that stand above it
    for pk, path, name, synonyms in Topic.objects.order_by("path").values_list("pk", "path", "name", "synonyms"):
        names[path] = name
        above = (names.get(path[:end], "") for end in range(Topic.steplen, len(path), Topic.steplen))
        trail = SEPARATOR.join(filter(None, above))
        by_name = _rank(name, wanted)
        by_synonym, synonym = min(((_rank(word, wanted), word) for word in synonyms), default=(_NOWHERE, ""))
        if by_name <= by_synonym and by_name < _NOWHERE:
            yield by_name, FoundTopic(pk, name, trail, "")
        elif by_synonym < _NOWHERE:
            yield by_synonym + _LESS, FoundTopic(pk, name, trail, synonym)
        elif wanted in _folded(f"{trail}{SEPARATOR}{name}"):
            yield _NOWHERE, FoundTopic(pk, name, trail, "")


_NOWHERE = 4.0
_LESS = 0.5  # a synonym stands just below a name


def _rank(text: str, wanted: str) -> float:
    """Where the words stand in a text: they are all of it (0), its start, the start of a word, anywhere, nowhere."""
    folded = _folded(text)
    if folded == wanted:
        return 0.0
    if folded.startswith(wanted):
        return 1.0
    if f" {wanted}" in folded:
        return 2.0
    return 3.0 if wanted in folded else _NOWHERE


def _folded(text: str) -> str:
    """Lower case, without accents, single spaces."""
    marked = unicodedata.normalize("NFKD", text)
    return " ".join("".join(char for char in marked if not unicodedata.combining(char)).casefold().split())
