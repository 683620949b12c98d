"""What is seen to once a day."""

from __future__ import annotations

from tagging.models import EmbeddingModel

from .calibration import refit
from .embedding_models import ensure_vector_index
from .filters import refresh_filters
from .missing_topics import find_missing_topics
from .terms import recount_terms


def maintain() -> None:
    """Put right what bulk updates did past Wagtail's signals, learn from the day's decisions, build indexes,
    and look for topics that are missing.
    """
    refresh_filters()
    recount_terms()
    refit(at_once=True)
    for model in EmbeddingModel.objects.all():
        ensure_vector_index(model)
    find_missing_topics()
