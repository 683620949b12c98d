"""The embedding models that vectors were made with: their rows, and their indexes."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction

from tagging.conf import settings
from tagging.embedding import Embedder
from tagging.models import EmbeddingModel, PageAnalysis, PageVector

MAX_INDEXED_DIMENSIONS = 4000  # of a halfvec in pgvector's HNSW
LOCK_NAMESPACE = 0x7A66  # "zf": any number that no other advisory lock of the database uses


def model_row(embedder: Embedder) -> EmbeddingModel:
    """The row of an embedder, made where it is missing. The first one of the site is live at once."""
    found = EmbeddingModel.objects.filter(name=embedder.name).first()
    if found:
        return found
    defaults = {
        "dimensions": embedder.dimensions,
        "backend": f"{type(embedder).__module__}.{type(embedder).__qualname__}",
        "model": embedder.model,
    }
    is_first = not EmbeddingModel.objects.filter(is_live=True).exists()
    try:
        with transaction.atomic():
            return EmbeddingModel.objects.create(name=embedder.name, is_live=is_first, **defaults)
    except IntegrityError:  # another worker was faster
        return EmbeddingModel.objects.get_or_create(name=embedder.name, defaults=defaults)[0]


def promote_when_filled(name: str) -> bool:
    """Make a model live as soon as every analysed page has its vector; returns whether it was done now.

    So a site that sets another EMBEDDING_MODEL answers from the old vectors until the new ones are there.
    """
    model = EmbeddingModel.objects.filter(name=name, is_live=False).first()
    open_states = [PageAnalysis.State.STALE, PageAnalysis.State.RUNNING]
    if model is None or PageAnalysis.objects.filter(state__in=open_states).exists():
        return False
    ensure_vector_index(model)
    with transaction.atomic():
        EmbeddingModel.objects.filter(is_live=True).update(is_live=False)
        EmbeddingModel.objects.filter(pk=model.pk).update(is_live=True)
    return True


def ensure_vector_index(model: EmbeddingModel) -> bool:
    """Build the model's HNSW index once there are rows enough for it; returns whether it is there.

    Writers are not held up while it is built. Must be called outside any transaction.
    """
    if model.dimensions > MAX_INDEXED_DIMENSIONS:
        return False
    if PageVector.objects.filter(model=model).count() < settings.EXACT_SEARCH_ROWS / 2:
        return False
    name = index_name(model)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_NAMESPACE, model.pk])
        if not cursor.fetchone()[0]:
            return False  # another worker is building it
        try:
            if _is_valid(name) is False:  # what a build that was broken off leaves behind
                cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
            cursor.execute(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {PageVector._meta.db_table} USING hnsw"
                f" ((embedding::halfvec({model.dimensions})) halfvec_cosine_ops) WHERE model_id = {model.pk}"
            )
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_NAMESPACE, model.pk])
    return True


def index_name(model: EmbeddingModel) -> str:
    """The name of the model's HNSW index in the database."""
    return f"tagging_pagevector_hnsw_{model.pk}"


def _is_valid(name: str) -> bool | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        row = cursor.fetchone()
    return None if row is None else bool(row[0])
