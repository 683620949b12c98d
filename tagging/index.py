"""What is known of pages, for readers: the one door through which other apps see content analysis.

Safe in a web process: no function loads a model, and none writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import cast

import numpy as np
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Coalesce, Left, Length
from pgvector.django import CosineDistance, HalfVectorField

from tagging.conf import settings
from tagging.models import EmbeddingModel, Entity, PageVector, Suggestion, Topic, TopicVector
from tagging.models import PageEntity as PageEntityRow
from tagging.types import EntityLabel, Neighbour, PageEntity, PageTopic, SearchFilter, Vector

COUNT_CACHE_SECONDS = 60
TAGGED = (Suggestion.State.APPLIED, Suggestion.State.ACCEPTED)


def live_model_name() -> str | None:
    """The id of the embedding model whose vectors are searched; None before the first analysis."""
    return EmbeddingModel.objects.filter(is_live=True).values_list("name", flat=True).first()


def vectors(page_ids: Collection[int]) -> dict[int, Vector]:
    """Page id → unit vector of the live model. Pages without one are absent."""
    rows = PageVector.objects.filter(page_id__in=page_ids, model__is_live=True)
    return {page_id: _array(value) for page_id, value in rows.values_list("page_id", "embedding")}


def similar_to_page(page_id: int, n: int, search: SearchFilter) -> list[Neighbour]:
    """The `n` pages nearest to a page, nearest first, never the page itself. [] where it has no vector."""
    row = PageVector.objects.filter(page_id=page_id, model__is_live=True).select_related("model").first()
    if row is None:
        return []
    rows = _matching(row.model_id, search).exclude(page_id=page_id)
    return _nearest(rows, row.model, _array(row.embedding), n, search)


def matching(page_ids: Collection[int], search: SearchFilter) -> frozenset[int]:
    """Those of these pages that a search may find. One query."""
    rows = PageVector.objects.filter(_visible(search), page_id__in=page_ids, model__is_live=True)
    return frozenset(rows.values_list("page_id", flat=True))


def nearest(vector: Vector, n: int, search: SearchFilter, *, model_name: str | None = None) -> list[Neighbour]:
    """The `n` pages nearest to a unit vector, nearest first.

    [] before the first analysis, and where the vector is not of the live model: by `model_name`, the name
    that `live_model_name` gave when the vector was made, and by its length.
    """
    model = EmbeddingModel.objects.filter(is_live=True).first()
    if model is None or len(vector) != model.dimensions or model_name not in (None, model.name):
        return []
    return _nearest(_matching(model.pk, search), model, vector, n, search)


def pages_about(topic_id: int, n: int, search: SearchFilter) -> list[Neighbour]:
    """The `n` pages with the best scores for a topic or one below it, best first; newest first on a tie."""
    topic = Topic.objects.filter(pk=topic_id).first()
    if topic is None:
        return []
    rows = (
        PageVector.objects.filter(
            _visible(search),
            model__is_live=True,
            page__tagging_suggestions__state__in=TAGGED,
            page__tagging_suggestions__topic__path__startswith=topic.path,
        )
        .values("page_id")
        .annotate(best=Max("page__tagging_suggestions__score"))
        .order_by("-best", F("first_published_at").desc(nulls_last=True), "page_id")
    )
    return [Neighbour(page_id, score) for page_id, score in rows.values_list("page_id", "best")[:n]]


def topics_of(page_ids: Collection[int]) -> dict[int, list[PageTopic]]:
    """Page id → its applied and accepted topics, best first. Pages without one are absent."""
    rows = Suggestion.objects.filter(page_id__in=page_ids, state__in=TAGGED).order_by("-score", "topic_id")
    found: dict[int, list[PageTopic]] = defaultdict(list)
    for page_id, topic_id, name, score in rows.values_list("page_id", "topic_id", "topic__name", "score"):
        found[page_id].append(PageTopic(topic_id, name, score))
    return dict(found)


def entities_of(page_ids: Collection[int]) -> dict[int, list[PageEntity]]:
    """Page id → the entities it mentions, most salient first. Pages without one are absent.

    Entities are as editors want them seen: renamed, merged ones joined, hidden ones left out. So are those
    whose confidence is too low to go by unattended.
    """
    found: dict[int, list[PageEntity]] = defaultdict(list)
    for row in PageEntityRow.objects.filter(page_id__in=page_ids).resolved():
        if row.is_doubtful:
            continue
        found[row.page_id].append(
            PageEntity(
                name=row.entity.name,
                label=cast(EntityLabel, row.entity.label),
                aliases=tuple(row.aliases),
                count=row.count,
                salience=row.salience,
                evidence=tuple(row.evidence),
                confidence=row.confidence,
            )
        )
    return dict(found)


def entity_weights(page_ids: Collection[int]) -> dict[int, dict[int, float]]:
    """Page id → id and salience, in [0, 1], of what it mentions; merged entities joined, hidden ones left out."""
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for row in PageEntityRow.objects.filter(page_id__in=page_ids).resolved():
        found[row.page_id][row.entity.pk] = row.salience
    return dict(found)


def topic_choices() -> list[tuple[int, str]]:
    """(id, name) of every topic in tree order, each name indented by its depth: for a form's select."""
    rows = Topic.objects.order_by("path").values_list("pk", "depth", "name")
    return [(pk, f"{'— ' * (depth - 1)}{name}") for pk, depth, name in rows]


def topic_names(topic_ids: Collection[int]) -> dict[int, str]:
    """Topic id → name. Topics that no longer exist are absent."""
    return dict(Topic.objects.filter(pk__in=topic_ids).values_list("pk", "name"))


def topic_parents() -> dict[int, int | None]:
    """Topic id → the id of the topic above it, None at the root of the tree. Every topic."""
    paths = dict(Topic.objects.values_list("path", "pk"))
    return {pk: paths.get(path[: -Topic.steplen]) for path, pk in paths.items()}


def topics_below(topic_ids: Collection[int]) -> frozenset[int]:
    """These topics and all below them. Those that no longer exist are absent."""
    return frozenset(Topic.objects.filter(_at_or_below(topic_ids)).values_list("pk", flat=True))


def topics_under(topic_id: int | None) -> list[int]:
    """The topics directly below one, or the main topics, in tree order. [] where there are none, or no such topic."""
    if topic_id is None:
        return list(Topic.get_root_nodes().values_list("pk", flat=True))
    topic = Topic.objects.filter(pk=topic_id).first()
    return [] if topic is None else list(topic.get_children().values_list("pk", flat=True))


def topic_vectors(topic_ids: Collection[int]) -> dict[int, Vector]:
    """Topic id → unit vector of the live model. Topics that no worker has embedded yet are absent."""
    rows = TopicVector.objects.filter(topic_id__in=topic_ids, model__is_live=True)
    return {topic_id: _array(value) for topic_id, value in rows.values_list("topic_id", "embedding")}


def pages_tagged(topic_ids: Collection[int]) -> frozenset[int]:
    """Every page with one of these topics, or one below them, applied or accepted. One query."""
    topics = Topic.objects.filter(_at_or_below(topic_ids))
    rows = Suggestion.objects.filter(state__in=TAGGED, topic__in=topics)
    return frozenset(rows.values_list("page_id", flat=True))


def _at_or_below(topic_ids: Collection[int]) -> Q:
    """As a condition on topics: their paths begin with the path of one of these."""
    paths = Topic.objects.filter(pk__in=topic_ids).values("path")
    above = paths.filter(path=Left(OuterRef("path"), Length("path")))
    return Q(Exists(above))


def topic_trails(topic_ids: Collection[int]) -> dict[int, str]:
    """Topic id → the names of the topics above it, "Culture › Film"; "" at the root of the tree."""
    step = Topic.steplen
    paths = dict(Topic.objects.filter(pk__in=topic_ids).values_list("pk", "path"))
    above = {pk: [path[:end] for end in range(step, len(path), step)] for pk, path in paths.items()}
    wanted = {path for trail in above.values() for path in trail}
    names = dict(Topic.objects.filter(path__in=wanted).values_list("path", "name"))
    return {pk: " › ".join(names[path] for path in trail if path in names) for pk, trail in above.items()}


def entity_families() -> dict[int, frozenset[int]]:
    """Entity id → the ids of all entities that are one with it, itself included. Only entities that were merged."""
    families: dict[int, set[int]] = defaultdict(set)
    for pk, root in Entity.objects.exclude(canonical=None).values_list("pk", "canonical_id").order_by():
        families[root] |= {pk, root}
    return {pk: frozenset(family) for family in families.values() for pk in family}


def entity_names(entity_ids: Collection[int]) -> dict[int, str]:
    """Entity id → name, that of the one it was merged into. Entities that no longer exist are absent."""
    rows = Entity.objects.filter(pk__in=entity_ids).values_list("pk", Coalesce("canonical__name", "name"))
    return dict(rows)


def _array(values: Sequence[float]) -> Vector:
    return np.asarray(values, dtype=np.float32)


def _visible(search: SearchFilter) -> Q:
    wanted = Q(is_live=True, is_public=True)
    if search.site_id is not None:
        wanted &= Q(site_id=search.site_id)
    if search.locale_id is not None:
        wanted &= Q(locale_id=search.locale_id)
    if search.types:
        wanted &= Q(content_type_id__in=search.types)
    if search.exclude:
        wanted &= ~Q(page_id__in=search.exclude)
    return wanted


def _matching(model_id: int, search: SearchFilter) -> QuerySet[PageVector]:
    return PageVector.objects.filter(_visible(search), model_id=model_id)


def _nearest(
    rows: QuerySet[PageVector], model: EmbeddingModel, vector: Vector, n: int, search: SearchFilter
) -> list[Neighbour]:
    if n < 1:
        return []
    if _is_common(model.pk, search):
        found = _approximate(rows, model.dimensions, vector, n)
        # The scan gives up after hnsw.max_scan_tuples; fewer rows than asked for may mean that.
        if len(found) == n:
            return found
    return _exact(rows, vector, n)


def _is_common(model_id: int, search: SearchFilter) -> bool:
    """Whether so many rows match that the HNSW index is the faster plan."""
    limit: int = settings.EXACT_SEARCH_ROWS
    wanted = (model_id, search.site_id, search.locale_id, tuple(search.types), limit)
    key = f"tagging:common:{blake2b(repr(wanted).encode(), digest_size=12).hexdigest()}"

    def count() -> bool:
        everything = SearchFilter(search.site_id, search.locale_id, search.types)
        return _matching(model_id, everything)[: limit + 1].count() > limit

    return bool(cache.get_or_set(key, count, COUNT_CACHE_SECONDS))


def _exact(rows: QuerySet[PageVector], vector: Vector, n: int) -> list[Neighbour]:
    # Without the cast to a fixed dimension no index serves this order: every matching row is compared.
    return _take(rows, CosineDistance("embedding", vector), n)


def _approximate(rows: QuerySet[PageVector], dimensions: int, vector: Vector, n: int) -> list[Neighbour]:
    # The expression and the operator are those of the model's index (operations.ensure_vector_index).
    fixed = Cast("embedding", HalfVectorField(dimensions=dimensions))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('hnsw.iterative_scan', 'strict_order', true),"
                " set_config('hnsw.ef_search', %s, true)",
                [str(settings.HNSW_EF_SEARCH)],
            )
        return _take(rows, CosineDistance(fixed, vector), n)


def _take(rows: QuerySet[PageVector], distance: CosineDistance, n: int) -> list[Neighbour]:
    pairs = rows.annotate(distance=distance).order_by("distance").values_list("page_id", "distance")[:n]
    # The index orders by its own rounded copies: neighbours may stand the wrong way round in the last digits.
    return sorted((Neighbour(page_id, 1.0 - away) for page_id, away in pairs), key=lambda found: -found.score)
