"""Scores known pages again, or against other topics, without embedding them or looking for names: for workers."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import swapper
from wagtail.models import Locale

from tagging import ner, pipeline, text
from tagging.conf import least_to_suggest, settings
from tagging.embedding import Embedder
from tagging.models import EmbeddingModel, PageVector, Topic
from tagging.pipeline import Curate
from tagging.topics import Calibration
from tagging.types import Analysis, Decisions, PageEntity, PageText, TopicDefinition, TopicScore, Vector

from .calibration import curve, newest_calibration
from .entities import curation
from .lessons import decisions
from .storage import found_entities

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownPages:
    """What topics are scored from. Pages without a vector, and those whose text cannot be read, are absent."""

    texts: tuple[PageText, ...]
    vectors: dict[int, Vector]
    entities: dict[int, tuple[PageEntity, ...]]


@dataclass(frozen=True, slots=True)
class Scorer:
    """The pipeline's own scoring, with what editors decided until now."""

    embedder: Embedder
    decisions: Decisions | None
    calibration: Calibration
    curate: Curate

    @classmethod
    def current(cls, topics: Sequence[Topic], embedder: Embedder, model: EmbeddingModel) -> Scorer:
        """`topics` in the order of the topic set that `scores` will be asked for. Four queries."""
        return cls(embedder, decisions(topics, model), curve(newest_calibration()), curation())

    def scores(
        self, pages: KnownPages, topic_set: Sequence[TopicDefinition], *, all_topics: bool = False
    ) -> dict[int, tuple[TopicScore, ...]]:
        """Page id → its topics, best first: those that an analysis would store, or all of them."""
        results = pipeline.analyze(
            pages.texts,
            ner.get_recognizer,
            self.embedder,
            topic_set,
            curate=self.curate,
            known_vectors=pages.vectors,
            known_entities=pages.entities,
            decisions=self.decisions,
            calibration=self.calibration,
            min_score=0.0 if all_topics else least_to_suggest(),
            max_topics=None if all_topics else settings.MAX_TOPICS,
        )
        return {result.page_id: result.topics for result in results if isinstance(result, Analysis)}


def known_pages(page_ids: Collection[int], model: EmbeddingModel) -> KnownPages:
    """What is stored of these pages, and their texts as readers see them now."""
    rows = PageVector.objects.filter(page_id__in=page_ids, model=model).values_list("page_id", "embedding")
    vectors = {page_id: np.asarray(values, dtype=np.float32) for page_id, values in rows}
    texts = tuple(_texts(vectors))
    entities = found_entities(vectors)
    return KnownPages(texts, vectors, {page.page_id: entities.get(page.page_id, ()) for page in texts})


def _texts(page_ids: Collection[int]) -> Iterator[PageText]:
    locales = {locale.pk: locale for locale in Locale.objects.all()}
    for page in swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids).specific():
        page.locale = locales[page.locale_id]  # a query less a page
        try:
            yield text.extract(page)
        except Exception:  # whatever a site's own code raises; its analysis tells the editor
            logger.warning("The text of page %d could not be read.", page.pk, exc_info=True)
