"""The analysis of a batch of pages: entities, vector, topics. Pure: no database, no settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from .embedding.base import Embedder
from .embedding.page import PagePool, embed_pages
from .exceptions import ServerUnavailable, TaggingError
from .lexical import page_terms
from .ner.base import Recognizer, StatesRecognizer
from .ner.entities import APPLY_FROM, page_entities
from .ner.gazetteer import Gazetteer
from .reading.states import Encoder, TextStates
from .reading.windows import Window, page_windows
from .topics import Calibration, TopicMatcher, page_words
from .types import Analysis, AnalysisFailure, Decisions, Mention, PageEntity, PageText, TopicDefinition, Vector

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

    Raises ServerUnavailable where a server that models run on does not answer.

    `recognizer_for` gives the recogniser of a language; `gazetteer` has the last word on what it finds;
    `curate` turns entities as found and sure into those that speak for topics. Pages in `known_vectors` or
    `known_entities` (by page id) are not embedded, or not searched for names, again: for a changed topic set.
    `decisions` are what editors said of other pages, `calibration` turns scores into probabilities. Topics
    below a probability of `min_score` are dropped, and only the best `max_topics` are kept.
    Where embedder and recogniser both read MiniLM, one pass serves both.

    Should the batch fail as a whole, its pages are tried one by one, so that only those to blame fail.
    """
    vectors, entities = known_vectors or {}, known_entities or {}
    matcher = TopicMatcher(
        topic_set, decisions=decisions, calibration=calibration, min_score=min_score, limit=max_topics
    )

    def run(batch: Sequence[PageText]) -> list[Analysis | AnalysisFailure]:
        named, read = recognize([t for t in batch if t.page_id not in entities], recognizer_for, embedder, gazetteer)
        named.update(entities)
        found = {**read, **vectors}
        unknown = [text for text in batch if text.page_id not in found]
        found.update(zip((t.page_id for t in unknown), embed_pages(embedder, unknown), strict=True))
        return [_analysis(text, found[text.page_id], named[text.page_id], matcher, curate) for text in batch]

    try:
        return run(texts)
    except ServerUnavailable:
        raise
    except Exception:
        logger.warning("A batch of %d pages failed; trying them one by one.", len(texts), exc_info=True)
        return [_alone(text, run) for text in texts]


def _alone(
    text: PageText, run: Callable[[Sequence[PageText]], list[Analysis | AnalysisFailure]]
) -> Analysis | AnalysisFailure:
    try:
        return run([text])[0]
    except ServerUnavailable:
        raise
    except Exception as error:
        logger.warning("Page %d could not be analysed: %s", text.page_id, error)
        return AnalysisFailure(text.page_id, _reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, TaggingError):
        return str(error) or (type(error).__doc__ or "")
    return f"{type(error).__name__}: {error}"


def recognize(
    texts: Sequence[PageText],
    recognizer_for: Callable[[str], Recognizer],
    embedder: Embedder,
    gazetteer: Gazetteer | None = None,
) -> tuple[dict[int, tuple[PageEntity, ...]], dict[int, Vector | None]]:
    """The entities of pages by page id, and the vectors of those that were read for both at once."""
    groups: dict[Recognizer, list[PageText]] = {}
    for text in texts:
        groups.setdefault(recognizer_for(text.language), []).append(text)
    entities: dict[int, tuple[PageEntity, ...]] = {}
    vectors: dict[int, Vector | None] = {}
    for recognizer, group in groups.items():
        if isinstance(recognizer, StatesRecognizer) and embedder.encoder:
            found, pooled = _read_once(group, recognizer, embedder.encoder)
            vectors.update(zip((text.page_id for text in group), pooled, strict=True))
        else:
            found = recognizer.recognize(group)
        known = (gazetteer or Gazetteer()).override(group, found)
        for text, mentions in zip(group, known, strict=True):
            entities[text.page_id] = page_entities(text, mentions)
    return entities, vectors


def _read_once(
    texts: Sequence[PageText], recognizer: StatesRecognizer, encoder: Encoder
) -> tuple[list[list[Mention]], list[Vector | None]]:
    """Mentions and vectors of pages from one pass over all their windows; each is dropped once both have seen it."""
    windows = page_windows(texts, for_names=True)
    pool = PagePool(len(texts))

    def read() -> Iterator[tuple[Window, TextStates]]:
        for number, states in encoder.encode([window.text for window in windows]):
            pool.add(windows[number], states.vector)
            yield windows[number], states

    return recognizer.recognize_read(texts, read()), pool.vectors()


def _analysis(
    text: PageText, vector: Vector | None, entities: tuple[PageEntity, ...], matcher: TopicMatcher, curate: Curate
) -> Analysis:
    sure = [entity for entity in entities if entity.confidence >= APPLY_FROM]
    topics = matcher.score(text, vector, curate(sure))
    return Analysis(text.page_id, text.content_hash, vector, entities, topics, page_words(text), page_terms(text))
