"""Going over to another embedding model, while the site answers from the one before."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import swapper
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from wagtail.models import Locale

from tagging import embedding, text
from tagging.conf import settings
from tagging.embedding import Embedder, embed_pages
from tagging.exceptions import ModelUnavailable, SwapRunning
from tagging.models import EmbeddingModel, PageAnalysis, PageVector
from tagging.types import AnalysisFailure, PageText, Vector

from .embedding_models import LOCK_NAMESPACE, drop_vector_index, embedder_of, live_model, model_row
from .filters import PageFacts, refresh_filters
from .topic_set import current_topics, definitions
from .vectors import save_vectors

logger = logging.getLogger(__name__)

LOCK = -1  # beside LOCK_NAMESPACE: no embedding model has this id
PageVersion = tuple[int, str]  # page id and the content hash of its live vector


@dataclass(slots=True)
class FillReport:
    """How far the filling is: `done` of `total` pages, and those that could not be embedded."""

    done: int = 0
    total: int = 0
    failures: list[AnalysisFailure] = field(default_factory=list)


def model_to_swap_to(model: str, backend: str | None = None) -> EmbeddingModel:
    """The row of a model, made where it is missing; `backend` is by default that of the live model.

    Loads the model. Raises ModelUnavailable, or ImportError where there is no such backend.
    """
    live = live_model()
    return model_row(embedding.get_embedder(backend or (live.backend if live else None), model))


def previous_model() -> EmbeddingModel | None:
    """The model that was live before the present one, as long as its vectors are kept."""
    return EmbeddingModel.objects.filter(is_live=False, switched_at__isnull=False).order_by("-switched_at").first()


@contextmanager
def swap_lock() -> Iterator[None]:
    """One swap at a time; raises SwapRunning where another one holds it. Freed with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_NAMESPACE, LOCK])
        if not cursor.fetchone()[0]:
            raise SwapRunning
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_NAMESPACE, LOCK])


def fill(model: EmbeddingModel) -> Iterator[FillReport]:
    """Give each page that has a vector of the live model one of `model`, too; yields after each batch.

    What was filled before is not done again. Pages that change meanwhile are done once more, so that in
    the end nothing is missing. Must be called outside any transaction. Raises ModelUnavailable.
    """
    embedder = embedder_of(model)
    definitions(current_topics(), embedder, model)  # stores the topics' vectors
    report, tried = FillReport(), set[PageVersion]()
    while todo := [version for version in _to_fill(model) if version not in tried]:
        report.total += len(todo)
        for start in range(0, len(todo), settings.BATCH_SIZE):
            batch = todo[start : start + settings.BATCH_SIZE]
            report.failures += _fill_batch(model, embedder, [page_id for page_id, _hash in batch])
            report.done += len(batch)
            tried.update(batch)
            yield report


@transaction.atomic
def switch(model: EmbeddingModel) -> None:
    """Make a model live, and every other one not; at once, for all that read after the commit.

    Pages whose vector is of their analysed text count as embedded by it, and are only scored anew.
    """
    EmbeddingModel.objects.filter(is_live=True).update(is_live=False)
    EmbeddingModel.objects.filter(pk=model.pk).update(is_live=True, switched_at=timezone.now())
    filled = PageVector.objects.filter(model=model, page_id=OuterRef("page_id"), content_hash=OuterRef("content_hash"))
    PageAnalysis.objects.filter(Exists(filled)).exclude(content_hash="").update(embedder=model.name, topic_set="")


def drop_old_models() -> list[str]:
    """Delete the vectors and indexes of every model but the live one; returns their names. Outside any transaction."""
    names = []
    for model in EmbeddingModel.objects.filter(is_live=False):
        drop_vector_index(model)
        model.delete()
        names.append(model.name)
    return names


def _to_fill(model: EmbeddingModel) -> list[PageVersion]:
    same_text = PageVector.objects.filter(
        model=model, page_id=OuterRef("page_id"), content_hash=OuterRef("content_hash")
    )
    live = PageVector.objects.filter(model__is_live=True).exclude(Exists(same_text))
    return list(live.order_by("page_id").values_list("page_id", "content_hash"))


def _fill_batch(model: EmbeddingModel, embedder: Embedder, page_ids: Collection[int]) -> list[AnalysisFailure]:
    texts, failures = _texts(page_ids)
    vectors = _vectors(embedder, texts, failures)
    page_model = swapper.load_model("wagtailcore", "Page")
    with transaction.atomic():
        # Locked, as a page may be deleted meanwhile; in one order, so that two writers do not wait in a ring.
        rows = page_model.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=vectors).order_by("pk")
        save_vectors(model, [(page, *vectors[page.pk]) for page in rows], PageFacts())
    refresh_filters(page_ids)  # what was moved or made private while this was written
    return failures


def _texts(page_ids: Collection[int]) -> tuple[list[PageText], list[AnalysisFailure]]:
    page_model = swapper.load_model("wagtailcore", "Page")
    locales = {locale.pk: locale for locale in Locale.objects.all()}
    texts, failures = [], []
    for page in page_model.objects.filter(pk__in=page_ids).specific():
        page.locale = locales[page.locale_id]  # a query less a page
        try:
            texts.append(text.extract(page))
        except Exception as error:
            failures.append(_failure(page.pk, error))
    return texts, failures


def _vectors(
    embedder: Embedder, texts: list[PageText], failures: list[AnalysisFailure]
) -> dict[int, tuple[Vector, str]]:
    """Page id → vector and content hash. Where the batch fails, its pages are tried one by one."""
    try:
        found = embed_pages(embedder, texts)
    except ModelUnavailable:
        raise
    except Exception as error:
        if len(texts) == 1:
            failures.append(_failure(texts[0].page_id, error))
            return {}
        return {pk: found for one in texts for pk, found in _vectors(embedder, [one], failures).items()}
    return {
        page.page_id: (vector, page.content_hash)
        for page, vector in zip(texts, found, strict=True)
        if vector is not None
    }


def _failure(page_id: int, error: Exception) -> AnalysisFailure:
    logger.warning("Page %d could not be embedded.", page_id, exc_info=error)
    return AnalysisFailure(page_id, f"{type(error).__name__}: {error}")
