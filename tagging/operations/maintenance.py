"""What is seen to once a day."""

from __future__ import annotations

from tagging.models import EmbeddingModel

from .embedding_models import ensure_vector_index
from .filters import refresh_filters


def maintain() -> None:
    """Build the indexes that have become worth it, and put right what bulk updates did past Wagtail's signals."""
    refresh_filters()
    for model in EmbeddingModel.objects.all():
        ensure_vector_index(model)
