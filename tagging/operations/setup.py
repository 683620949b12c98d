"""What pages and drafts are analysed with: the models, the site's topics and names, and what editors decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from tagging import embedding, ner, pipeline
from tagging.conf import least_to_suggest, settings
from tagging.models import EmbeddingModel, Topic
from tagging.ner.gazetteer import Gazetteer
from tagging.topics import Calibration
from tagging.types import Analysis, AnalysisFailure, PageEntity, PageText, TopicDefinition, Vector

from .calibration import curve, newest_calibration
from .embedding_models import current_embedder, model_row
from .entities import curation
from .gazetteer import current_gazetteer, recognizer_id
from .lessons import decisions
from .storage import Provenance
from .topic_set import current_topics, definitions, topic_set_version

Analyzer = Callable[[Sequence[PageText]], list[Analysis | AnalysisFailure]]


@dataclass(frozen=True)
class Setup:
    """Everything but the texts. Made anew for each batch, so that it knows what editors did meanwhile."""

    embedder: embedding.Embedder
    topics: list[Topic]
    topic_set: str
    calibration: Calibration
    gazetteer: Gazetteer

    @classmethod
    def current(cls) -> Setup:
        topics, fit = current_topics(), newest_calibration()
        version = topic_set_version(topics, fit.pk if fit else None)
        return cls(current_embedder(), topics, version, curve(fit), current_gazetteer())

    @cached_property
    def model(self) -> EmbeddingModel:
        return model_row(self.embedder)

    def provenance(self, language: str) -> Provenance:
        return Provenance(recognizer_id(language, self.gazetteer), self.embedder.name, self.topic_set)

    def analyze(
        self,
        texts: Sequence[PageText],
        *,
        known_vectors: Mapping[int, Vector] | None = None,
        known_entities: Mapping[int, tuple[PageEntity, ...]] | None = None,
        topic_set: Sequence[TopicDefinition] | None = None,
        all_topics: bool = False,
    ) -> list[Analysis | AnalysisFailure]:
        """As `pipeline.analyze`. Loads the models; nothing is stored of the texts.

        `topic_set` takes the place of the definitions of `topics`, in their order; `all_topics` leaves none out.
        """
        return self.analyzer(
            known_vectors=known_vectors, known_entities=known_entities, topic_set=topic_set, all_topics=all_topics
        )(texts)

    def analyzer(
        self,
        *,
        known_vectors: Mapping[int, Vector] | None = None,
        known_entities: Mapping[int, tuple[PageEntity, ...]] | None = None,
        topic_set: Sequence[TopicDefinition] | None = None,
        all_topics: bool = False,
    ) -> Analyzer:
        """As `analyze`, for texts to come: all that the database has to say is asked for here, nothing later."""
        return partial(
            pipeline.analyze,
            recognizer_for=ner.get_recognizer,
            embedder=self.embedder,
            topic_set=definitions(self.topics, self.embedder, self.model) if topic_set is None else topic_set,
            gazetteer=self.gazetteer,
            curate=curation(),
            known_vectors=known_vectors,
            known_entities=known_entities,
            decisions=decisions(self.topics, self.model),
            calibration=self.calibration,
            min_score=0.0 if all_topics else least_to_suggest(),
            max_topics=None if all_topics else settings.MAX_TOPICS,
        )
