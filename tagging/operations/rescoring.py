"""Scores known pages again, or against other topics, without embedding them or looking for names: for workers."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence

import numpy as np
import swapper
from wagtail.models import Locale

from tagging import text
from tagging.models import PageVector
from tagging.types import Analysis, PageText, TopicDefinition, TopicScore, Vector

from .setup import Setup
from .storage import found_entities

logger = logging.getLogger(__name__)

PageScores = dict[int, tuple[TopicScore, ...]]
"""Page id → its topics, best first."""


class KnownPages:
    """Pages as they are stored, with their texts as readers see them now: what topics are scored from.

    Pages without a vector of the model, and those whose text cannot be read, are left out.
    """

    def __init__(self, page_ids: Collection[int], setup: Setup) -> None:
        rows = PageVector.objects.filter(page_id__in=page_ids, model=setup.model).values_list("page_id", "embedding")
        self._setup = setup
        self.vectors: dict[int, Vector] = {pk: np.asarray(values, dtype=np.float32) for pk, values in rows}
        self.texts = tuple(_texts(self.vectors))
        found = found_entities(self.vectors)
        self._entities = {page.page_id: found.get(page.page_id, ()) for page in self.texts}

    def scores(self, topic_set: Sequence[TopicDefinition], *, all_topics: bool = False) -> PageScores:
        """The topics that an analysis would store, or all of them. The set is in the order of the setup's topics."""
        results = self._setup.analyze(
            self.texts,
            known_vectors=self.vectors,
            known_entities=self._entities,
            topic_set=topic_set,
            all_topics=all_topics,
        )
        return {result.page_id: result.topics for result in results if isinstance(result, Analysis)}


def _texts(page_ids: Collection[int]) -> Iterator[PageText]:
    locales = {locale.pk: locale for locale in Locale.objects.all()}
    for page in swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids).specific():
        page.locale = locales[page.locale_id]  # a query less a page
        try:
            yield text.extract(page)
        except Exception:  # whatever a site's own code raises; its analysis tells the editor
            logger.warning("The text of page %d could not be read.", page.pk, exc_info=True)
