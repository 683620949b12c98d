"""The fit of topics to a page, from its vector, its words and the names in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tagging.types import Decisions, PageEntity, PageText, SuggestionSource, TopicDefinition, TopicScore, Vector

from .calibration import Calibration
from .learning import lessons_from
from .phrases import phrases_of
from .vocabulary import page_words
from .words import PhraseFinder, sentence_at, sentences, tokens

SCORER_VERSION = 2  # grows whenever the same page would get another score, so that all pages are scored anew

# What a page's cosine to a topic is among topics at large (MiniLM), and how many topics that is worth:
# with a handful of topics, their own mean and spread say little.
PRIOR_MEAN, PRIOR_SPREAD, PRIOR_TOPICS = 0.12, 0.10, 6

# A logistic of the evidence: z-scored cosine to description and name, words, names (docs/quality.md).
BIAS, Z_WEIGHT, NAME_Z_WEIGHT, WORD_WEIGHT, NAME_WEIGHT = -7.3, 1.2, 1.2, 1.75, 1.0

TITLE_HIT, SUMMARY_HIT, BODY_HIT = 2.0, 2.0, 1.0

# An editor linked the entity to the topic: one that the page is mostly about is worth a suggestion, one in passing not.
LINK_WEIGHT = 5.0

CLEAR_Z = 1.5  # from here on the vector counts as a reason of its own
MAX_PARAGRAPHS = 200  # that are searched for a sentence to show


@dataclass(slots=True)
class _Evidence:
    """What speaks for one topic on one page."""

    z: float = 0.0
    name_z: float = 0.0
    hits: float = 0.0
    place: tuple[int, int] | None = None  # paragraph and offset of the first hit
    salience: float = 0.0
    linked: float = 0.0  # salience of an entity that editors linked to the topic
    naming: str = ""  # a sentence that names the most salient entity
    learned: float = 0.0
    similar: tuple[int, ...] = ()

    def count(self, entity: PageEntity, *, linked: bool) -> None:
        """Count an entity that speaks for the topic; the most salient one counts."""
        if linked:
            self.linked = max(self.linked, entity.salience)
        if entity.salience > self.salience:
            self.salience = entity.salience
            self.naming = next(iter(entity.evidence), "")

    @property
    def from_vector(self) -> float:
        return Z_WEIGHT * self.z + NAME_Z_WEIGHT * self.name_z

    @property
    def from_words(self) -> float:
        return WORD_WEIGHT * math.log1p(self.hits)

    @property
    def from_names(self) -> float:
        return NAME_WEIGHT * self.salience + LINK_WEIGHT * self.linked

    @property
    def logit(self) -> float:
        return BIAS + self.from_vector + self.from_words + self.from_names + self.learned

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
        self,
        topic_set: Sequence[TopicDefinition],
        *,
        decisions: Decisions | None = None,
        calibration: Calibration | None = None,
        min_score: float = 0.0,
        limit: int | None = None,
    ) -> None:
        """Topics below `min_score` are dropped, and only the best `limit` are kept.

        Without `decisions` the first day's knowledge has to do; without `calibration`, its curve.
        """
        self._topics = topic_set
        self._calibration = calibration or Calibration()
        self._min_score = min_score
        self._limit = limit
        self._vectors = np.array([topic.vector for topic in topic_set], dtype=np.float32)
        self._lessons = lessons_from(decisions) if decisions and decisions.page_ids else None
        names = [topic.vector if topic.name_vector is None else topic.name_vector for topic in topic_set]
        self._names = np.array(names, dtype=np.float32)
        phrases = [(i, phrase) for i, topic in enumerate(topic_set) for phrase in phrases_of(topic)]
        self._finder = PhraseFinder(phrases)
        self._owners: dict[str, set[int]] = {}
        for owner, phrase in phrases:
            self._owners.setdefault(phrase.casefold(), set()).add(owner)
        self._linked: dict[tuple[str, str], set[int]] = {}
        for owner, topic in enumerate(topic_set):
            for name, label in topic.entities:
                self._linked.setdefault((name.casefold(), label), set()).add(owner)

    def score(self, text: PageText, vector: Vector | None, entities: Sequence[PageEntity]) -> tuple[TopicScore, ...]:
        """Topics with a score in [0, 1], best first, each with its source and a sentence as evidence."""
        if not self._topics:
            return ()
        evidence = self._gather(text, vector, entities)
        chances = [self._calibration.probability(found.logit) for found in evidence]
        kept = [i for i, chance in enumerate(chances) if chance >= self._min_score]
        kept.sort(key=lambda i: (-evidence[i].logit, i))
        return tuple(
            TopicScore(
                self._topics[i].topic_id,
                chances[i],
                evidence[i].source,
                self._sentence(text, i, evidence[i]),
                evidence[i].similar,
                logit=evidence[i].logit,
            )
            for i in kept[: self._limit]
        )

    def logits(self, text: PageText, vector: Vector | None, entities: Sequence[PageEntity]) -> list[float]:
        """The uncalibrated score of every topic, in the order of the topic set: what `calibrate` is fitted to."""
        return [found.logit for found in self._gather(text, vector, entities)]

    def _gather(self, text: PageText, vector: Vector | None, entities: Sequence[PageEntity]) -> list[_Evidence]:
        evidence = [_Evidence() for _ in self._topics]
        if vector is not None:
            by_description, by_name = _z_scores(self._vectors @ vector), _z_scores(self._names @ vector)
            for found, z, name_z in zip(evidence, by_description.tolist(), by_name.tolist(), strict=True):
                found.z, found.name_z = z, name_z
            self._learn_from(evidence, text, vector)
        for number, (paragraph, weight) in enumerate(_weighted(text)):
            for hit in self._finder.find(tokens(paragraph)):
                found = evidence[hit.owner]
                found.hits += weight
                found.place = found.place or (number, hit.start)
        for entity in entities:
            linked = self._linked_to(entity)
            for owner in self._named(entity) | linked:
                evidence[owner].count(entity, linked=owner in linked)
        return evidence

    def _learn_from(self, evidence: list[_Evidence], text: PageText, vector: Vector) -> None:
        if self._lessons is None:
            return
        learned = self._lessons.about(text.page_id, vector, page_words(text))
        for found, score, similar in zip(evidence, learned.scores.tolist(), learned.similar, strict=True):
            found.learned, found.similar = score, similar

    def _named(self, entity: PageEntity) -> set[int]:
        names = (entity.name, *entity.aliases)
        return {owner for name in names for owner in self._owners.get(name.casefold(), ())}

    def _linked_to(self, entity: PageEntity) -> set[int]:
        names = (entity.name, *entity.aliases)
        return {owner for name in names for owner in self._linked.get((name.casefold(), entity.label), ())}

    def _sentence(self, text: PageText, number: int, found: _Evidence) -> str:
        """The sentence that holds the topic's words; failing one, the sentence that comes nearest to it."""
        if found.place is not None:
            paragraph, offset = found.place
            return sentence_at(text.paragraphs()[paragraph], offset)
        if found.naming:
            return found.naming
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
