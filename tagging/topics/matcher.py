"""The fit of topics to a page, from its vector, its words and the names in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagging.types import PageEntity, PageText, SuggestionSource, TopicDefinition, TopicScore, Vector

from .words import PhraseFinder, sentence_at, sentences, tokens

# What a page's cosine to a topic is among topics at large (MiniLM), and how many topics that is worth:
# with a handful of topics, their own mean and spread say little.
PRIOR_MEAN, PRIOR_SPREAD, PRIOR_TOPICS = 0.12, 0.10, 6

# A logistic of the evidence: z-scored cosine, cosine itself, words, names.
BIAS, Z_WEIGHT, COSINE_WEIGHT, WORD_WEIGHT, NAME_WEIGHT = -7.2, 2.3, 1.0, 5.0, 1.0

TITLE_HIT, SUMMARY_HIT, BODY_HIT = 1.0, 0.6, 0.25

CLEAR_Z = 1.5  # from here on the vector counts as a reason of its own
MAX_PARAGRAPHS = 200  # that are searched for a sentence to show


@dataclass(slots=True)
class _Evidence:
    """What speaks for one topic on one page."""

    cosine: float = 0.0
    z: float = 0.0
    hits: float = 0.0
    place: tuple[int, int] | None = None  # paragraph and offset of the first hit
    salience: float = 0.0

    @property
    def from_vector(self) -> float:
        return Z_WEIGHT * self.z + COSINE_WEIGHT * self.cosine

    @property
    def from_words(self) -> float:
        return WORD_WEIGHT * (1 - math.exp(-self.hits))

    @property
    def from_names(self) -> float:
        return NAME_WEIGHT * self.salience

    @property
    def score(self) -> float:
        return 1 / (1 + math.exp(-(BIAS + self.from_vector + self.from_words + self.from_names)))

    @property
    def source(self) -> SuggestionSource:
        """What counted: the vector, the topic's words, a name, or several of them."""
        words: SuggestionSource = "entity" if self.salience else "synonym"
        if not self.hits and not self.salience:
            return "vector"
        return "mixed" if self.z >= CLEAR_Z else words


class TopicMatcher:
    """Scores pages against one topic set. Build it once for a batch."""

    def __init__(
        self, topic_set: Sequence[TopicDefinition], *, min_score: float = 0.0, limit: int | None = None
    ) -> None:
        """Topics below `min_score` are dropped, and only the best `limit` are kept."""
        self._topics = topic_set
        self._min_score = min_score
        self._limit = limit
        self._vectors = np.array([topic.vector for topic in topic_set], dtype=np.float32)
        phrases = [(i, p) for i, topic in enumerate(topic_set) for p in (topic.name, *topic.synonyms)]
        self._finder = PhraseFinder(phrases)
        self._owners: dict[str, set[int]] = {}
        for owner, phrase in phrases:
            self._owners.setdefault(phrase.casefold(), set()).add(owner)

    def score(self, text: PageText, vector: Vector | None, entities: Sequence[PageEntity]) -> tuple[TopicScore, ...]:
        """Topics with a score in [0, 1], best first, each with its source and a sentence as evidence."""
        if not self._topics:
            return ()
        evidence = self._gather(text, vector, entities)
        kept = [i for i, found in enumerate(evidence) if found.score >= self._min_score]
        kept.sort(key=lambda i: (-evidence[i].score, i))
        return tuple(
            TopicScore(
                self._topics[i].topic_id, evidence[i].score, evidence[i].source, self._sentence(text, i, evidence[i])
            )
            for i in kept[: self._limit]
        )

    def _gather(self, text: PageText, vector: Vector | None, entities: Sequence[PageEntity]) -> list[_Evidence]:
        evidence = [_Evidence() for _ in self._topics]
        if vector is not None:
            cosines = self._vectors @ vector
            for found, cosine, z in zip(evidence, cosines.tolist(), _z_scores(cosines).tolist(), strict=True):
                found.cosine, found.z = cosine, z
        for number, (paragraph, weight) in enumerate(_weighted(text)):
            for hit in self._finder.find(tokens(paragraph)):
                found = evidence[hit.owner]
                found.hits += weight
                found.place = found.place or (number, hit.start)
        for entity in entities:
            for owner in self._named(entity):
                evidence[owner].salience = max(evidence[owner].salience, entity.salience)
        return evidence

    def _named(self, entity: PageEntity) -> set[int]:
        names = (entity.name, *entity.aliases)
        return {owner for name in names for owner in self._owners.get(name.casefold(), ())}

    def _sentence(self, text: PageText, number: int, found: _Evidence) -> str:
        """The sentence that holds the topic's words; failing one, the sentence that comes nearest to it."""
        if found.place is not None:
            paragraph, offset = found.place
            return sentence_at(text.paragraphs()[paragraph], offset)
        topic = self._topics[number]
        wanted = {token.folded for token in tokens(f"{topic.name} {topic.description}") if len(token.text) > 3}
        candidates = [s for part in text.paragraphs()[:MAX_PARAGRAPHS] for s in sentences(part)]
        return max(candidates, key=lambda s: len(wanted & {token.folded for token in tokens(s)}), default="")


def _weighted(text: PageText) -> Iterator[tuple[str, float]]:
    if text.title:
        yield text.title, TITLE_HIT
    if text.summary:
        yield text.summary, SUMMARY_HIT
    for paragraph in text.body:
        yield paragraph, BODY_HIT


def _z_scores(cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """How far each cosine stands above those of all other topics on this page, in standard deviations.

    The prior is mixed in as if it were `PRIOR_TOPICS` more topics.
    """
    values = cosines.astype(np.float64)
    others = len(values) - 1 + PRIOR_TOPICS
    means = (values.sum() - values + PRIOR_TOPICS * PRIOR_MEAN) / others
    squares = (values**2).sum() - values**2 + PRIOR_TOPICS * (PRIOR_SPREAD**2 + PRIOR_MEAN**2)
    return np.asarray((values - means) / np.sqrt(squares / others - means**2))
