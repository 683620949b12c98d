"""The embedding models that vectors were made with: their rows, and their indexes."""

from __future__ import annotations

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tagging import embedding
from tagging.conf import settings
from tagging.embedding import Embedder
from tagging.exceptions import ModelUnavailable
from tagging.models import EmbeddingModel, PageVector

MAX_INDEXED_DIMENSIONS = 4000  # of a halfvec in pgvector's HNSW
LOCK_NAMESPACE = 0x7A66  # "zf": any number that no other advisory lock of the database uses


def live_model() -> EmbeddingModel | None:
    """The model whose vectors the site answers from; None before the first analysis."""
    return EmbeddingModel.objects.filter(is_live=True).first()


def current_embedder() -> Embedder:
    """What pages and topics are embedded with: the live model, and what the settings name on a fresh site.

    Loads nothing. Raises ModelUnavailable where the live model's backend is gone.
    """
    live = live_model()
    return embedder_of(live) if live else embedding.get_embedder()


def embedder_of(model: EmbeddingModel) -> Embedder:
    """The embedder that makes a model's vectors. Loads nothing; raises ModelUnavailable where its backend is gone."""
    try:
        embedder = embedding.get_embedder(model.backend, model.model)
    except ImportError as error:
        raise ModelUnavailable(
            f"The vectors of {model.name!r} are made by {model.backend!r}, which cannot be imported: {error}."
            " Install it again, or choose another model with manage.py swap_embedding_model."
        ) from error
    if embedder.name != model.name:
        raise ModelUnavailable(
            f"The backend {model.backend!r} now calls itself {embedder.name!r}, and the vectors are of {model.name!r}."
            " Vectors of two models are never mixed: run manage.py swap_embedding_model."
        )
    return embedder


def settings_differ() -> str | None:
    """What to tell the operator where the settings name another model than the live one; None where they agree."""
    live = live_model()
    if live is None or live.name == embedding.current_name():
        return None
    return (
        f"Pages are embedded by the live model {live.name!r}, and not by {embedding.current_name()!r}, which the"
        f" settings name. To change models: manage.py swap_embedding_model {settings.EMBEDDING_MODEL}"
        f" --backend {settings.EMBEDDING_BACKEND}. To stay: EMBEDDING_MODEL = {live.model!r},"
        f" EMBEDDING_BACKEND = {live.backend!r}."
    )


def model_row(embedder: Embedder) -> EmbeddingModel:
    """The row of an embedder, made where it is missing. The first one of the site is live at once.

    Loads the model. Raises ModelUnavailable where its vectors are no longer as long as they were.
    """
    found = EmbeddingModel.objects.filter(name=embedder.name).first() or _new_row(embedder)
    if found.dimensions != embedder.dimensions:
        raise ModelUnavailable(
            f"{found.name!r} made vectors of {found.dimensions} numbers, and now makes {embedder.dimensions}:"
            " it is another model under the same name. Give it a name of its own, and run"
            " manage.py swap_embedding_model."
        )
    return found


def _new_row(embedder: Embedder) -> EmbeddingModel:
    defaults = {
        "dimensions": embedder.dimensions,
        "backend": embedding.backend_of(embedder),
        "model": embedder.model,
    }
    first = {} if live_model() else {"is_live": True, "switched_at": timezone.now()}
    try:
        with transaction.atomic():
            return EmbeddingModel.objects.create(name=embedder.name, **defaults, **first)
    except IntegrityError:  # another worker was faster
        return EmbeddingModel.objects.get_or_create(name=embedder.name, defaults=defaults)[0]


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


def drop_vector_index(model: EmbeddingModel) -> None:
    """Drop the model's HNSW index, if it has one; readers are not held up. Outside any transaction."""
    if _is_valid(index_name(model)) is not None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index_name(model)}")


def index_name(model: EmbeddingModel) -> str:
    """The name of the model's HNSW index in the database."""
    return f"tagging_pagevector_hnsw_{model.pk}"


def _is_valid(name: str) -> bool | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name])
        row = cursor.fetchone()
    return None if row is None else bool(row[0])
