"""The analysis of a batch of pages: entities, vector, topics. Pure: no database, no settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from .embedding.base import Embedder
from .embedding.page import embed_pages
from .exceptions import TaggingError
from .ner.base import Recognizer
from .ner.entities import page_entities
from .ner.gazetteer import Gazetteer
from .topics import Calibration, TopicMatcher
from .types import Analysis, AnalysisFailure, Decisions, PageEntity, PageText, TopicDefinition, Vector

logger = logging.getLogger(__name__)

Curate = Callable[[Sequence[PageEntity]], Sequence[PageEntity]]


def analyze(
    texts: Sequence[PageText],
    recognizer_for: Callable[[str], Recognizer],
    embedder: Embedder,
    topic_set: Sequence[TopicDefinition],
    *,
    gazetteer: Gazetteer | None = None,
    curate: Curate = tuple,
    known_vectors: Mapping[int, Vector] | None = None,
    known_entities: Mapping[int, tuple[PageEntity, ...]] | None = None,
    decisions: Decisions | None = None,
    calibration: Calibration | None = None,
    min_score: float = 0.0,
    max_topics: int | None = None,
) -> list[Analysis | AnalysisFailure]:
    """Analyse a batch: one result a page, in the order of the pages. Never raises for a page.

    `recognizer_for` gives the recogniser of a language; `gazetteer` has the last word on what it finds;
    `curate` turns entities as found into those that speak for topics. Pages in `known_vectors` or
    `known_entities` (by page id) are not embedded, or not searched for names, again: for a changed topic set.
    `decisions` are what editors said of other pages, `calibration` turns scores into probabilities. Topics
    below a probability of `min_score` are dropped, and only the best `max_topics` are kept.

    Should the batch fail as a whole, its pages are tried one by one, so that only those to blame fail.
    """
    vectors, entities = known_vectors or {}, known_entities or {}
    matcher = TopicMatcher(
        topic_set, decisions=decisions, calibration=calibration, min_score=min_score, limit=max_topics
    )
    known_names = gazetteer or Gazetteer()

    def run(batch: Sequence[PageText]) -> list[Analysis | AnalysisFailure]:
        names = {**_recognize([t for t in batch if t.page_id not in entities], recognizer_for, known_names), **entities}
        unknown = [text for text in batch if text.page_id not in vectors]
        found = dict(zip((t.page_id for t in unknown), embed_pages(embedder, unknown), strict=True))
        return [
            _analysis(text, found.get(text.page_id, vectors.get(text.page_id)), names[text.page_id], matcher, curate)
            for text in batch
        ]

    try:
        return run(texts)
    except Exception:
        logger.warning("A batch of %d pages failed; trying them one by one.", len(texts), exc_info=True)
        return [_alone(text, run) for text in texts]


def _alone(
    text: PageText, run: Callable[[Sequence[PageText]], list[Analysis | AnalysisFailure]]
) -> Analysis | AnalysisFailure:
    try:
        return run([text])[0]
    except Exception as error:
        logger.warning("Page %d could not be analysed: %s", text.page_id, error)
        return AnalysisFailure(text.page_id, _reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, TaggingError):
        return str(error) or (type(error).__doc__ or "")
    return f"{type(error).__name__}: {error}"


def _recognize(
    texts: Sequence[PageText], recognizer_for: Callable[[str], Recognizer], gazetteer: Gazetteer
) -> dict[int, tuple[PageEntity, ...]]:
    by_language: dict[str, list[PageText]] = {}
    for text in texts:
        by_language.setdefault(text.language, []).append(text)
    return {
        text.page_id: page_entities(text, mentions)
        for language, group in by_language.items()
        for text, mentions in zip(
            group, gazetteer.override(group, recognizer_for(language).recognize(group)), strict=True
        )
    }


def _analysis(
    text: PageText, vector: Vector | None, entities: tuple[PageEntity, ...], matcher: TopicMatcher, curate: Curate
) -> Analysis:
    topics = matcher.score(text, vector, curate(entities))
    return Analysis(text.page_id, text.content_hash, vector, entities, topics)
