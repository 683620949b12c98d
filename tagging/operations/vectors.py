"""Page vectors, written with the columns that searches filter on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from tagging.models import EmbeddingModel, PageVector
from tagging.types import Vector

from .filters import FIELDS, PageFacts


def save_vectors(model: EmbeddingModel, found: Iterable[tuple[Any, Vector, str]], facts: PageFacts) -> None:
    """Write (page, vector, content hash) as the pages' vectors of this model, in place of what they had."""
    PageVector.objects.bulk_create(
        [
            PageVector(
                page_id=page.pk,
                model=model,
                embedding=vector,
                content_hash=content_hash,
                **asdict(facts.columns(page)),
            )
            for page, vector, content_hash in found
        ],
        update_conflicts=True,
        unique_fields=["page", "model"],
        update_fields=["embedding", "content_hash", *(name.removesuffix("_id") for name in FIELDS)],
    )
