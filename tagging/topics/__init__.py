"""Topics: how well each node of the site's taxonomy fits a page. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tagging.types import PageEntity, PageText, TopicDefinition, TopicScore, Vector

from .calibration import Calibration, calibrate
from .learning import HALF_LIFE_DAYS
from .matcher import SCORER_VERSION, TopicMatcher
from .vocabulary import page_words

__all__ = [
    "HALF_LIFE_DAYS",
    "SCORER_VERSION",
    "Calibration",
    "TopicMatcher",
    "calibrate",
    "describe",
    "page_words",
    "score",
]


def describe(name: str, description: str, synonyms: Sequence[str]) -> str:
    """The text that stands for a topic before the embedder."""
    parts = [name, description.strip(), ", ".join(synonyms)]
    return ". ".join(part.rstrip(".") for part in parts if part)


def score(
    text: PageText,
    vector: Vector | None,
    entities: Sequence[PageEntity],
    topic_set: Sequence[TopicDefinition],
    *,
    min_score: float = 0.0,
    limit: int | None = None,
) -> tuple[TopicScore, ...]:
    """The topics of one page, best first. For many pages, make one `TopicMatcher` and keep it."""
    return TopicMatcher(topic_set, min_score=min_score, limit=limit).score(text, vector, entities)
