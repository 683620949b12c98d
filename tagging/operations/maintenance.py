"""What is seen to once a day."""

from __future__ import annotations

from tagging.models import EmbeddingModel

from .calibration import refit
from .embedding_models import ensure_vector_index
from .filters import refresh_filters


def maintain() -> None:
    """Put right what bulk updates did past Wagtail's signals, learn from the day's decisions, build indexes."""
    refresh_filters()
    refit(at_once=True)
    for model in EmbeddingModel.objects.all():
        ensure_vector_index(model)
