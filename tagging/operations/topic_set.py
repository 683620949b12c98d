"""The site's topics as the matcher needs them, each with its vector."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import cast

import numpy as np
from django.db.models import Q
from treebeard.mp_tree import MP_Node

from tagging.conf import settings
from tagging.embedding import Embedder
from tagging.models import EmbeddingModel, Entity, Topic, TopicVector
from tagging.topics import SCORER_VERSION, describe
from tagging.types import EntityLabel, TopicDefinition, Vector

_NAME_VECTORS: dict[str, dict[str, Vector]] = {}  # by embedder and name


def current_topics() -> list[Topic]:
    """Every topic of the site, in tree order."""
    return list(Topic.objects.order_by("path"))


def topic_set_version(topics: Sequence[Topic], calibration_id: int | None) -> str:
    """A digest of all that topics are found with: pages with another one are scored again.

    It changes with any word of any topic and the shape of the tree, with the entities that are linked to
    topics, with the scorer, the calibration and the settings that say which topics are kept.
    """
    parts = [[topic.pk, topic.path, topic.name, topic.description, *topic.synonyms] for topic in topics]
    chosen_by = [settings.APPLY_WRONG_OF_TEN, settings.SUGGEST_WRONG_OF_TEN, settings.MAX_TOPICS]
    whole = [SCORER_VERSION, calibration_id, chosen_by, parts, sorted(linked_entities().items())]
    return hashlib.blake2b(json.dumps(whole).encode(), digest_size=16).hexdigest()


def definitions(topics: Sequence[Topic], embedder: Embedder, model: EmbeddingModel) -> tuple[TopicDefinition, ...]:
    """The topics with their vectors. Embeds those whose words have changed: for workers only."""
    vectors = _vectors(topics, embedder, model)
    names = _name_vectors([topic.name for topic in topics], embedder)
    by_path = {topic.path: topic.pk for topic in topics}
    linked = linked_entities()
    return tuple(
        TopicDefinition(
            topic_id=topic.pk,
            name=topic.name,
            description=topic.description,
            synonyms=tuple(topic.synonyms),
            vector=vectors[topic.pk],
            ancestors=_ancestors(topic.path, by_path),
            name_vector=names[topic.name],
            entities=linked.get(topic.pk, ()),
        )
        for topic in topics
    )


def linked_entities() -> dict[int, tuple[tuple[str, EntityLabel], ...]]:
    """Topic id → names and labels of the entities that editors linked to it, with the names merged into them.

    An entity without a topic of its own has those of the names that were merged into it.
    """
    rows = Entity.objects.filter(is_hidden=False, canonical__isnull=True)
    rows = rows.filter(Q(topic__isnull=False) | Q(merged__topic__isnull=False)).prefetch_related("merged").distinct()
    found: dict[int, set[tuple[str, EntityLabel]]] = {}
    for root in rows:
        merged = list(root.merged.all())
        topics = {root.topic_id} if root.topic_id else {entity.topic_id for entity in merged if entity.topic_id}
        names = {(name, cast(EntityLabel, e.label)) for e in (root, *merged) for name in (e.key, e.name)}
        for topic_id in topics:
            found.setdefault(topic_id, set()).update(names)
    return {topic_id: tuple(sorted(names)) for topic_id, names in found.items()}


def _ancestors(path: str, by_path: dict[str, int]) -> tuple[int, ...]:
    above = (path[:end] for end in range(MP_Node.steplen, len(path), MP_Node.steplen))
    return tuple(by_path[ancestor] for ancestor in above if ancestor in by_path)


def _vectors(topics: Sequence[Topic], embedder: Embedder, model: EmbeddingModel) -> dict[int, Vector]:
    texts = {topic.pk: describe(topic.name, topic.description, topic.synonyms) for topic in topics}
    hashes = {pk: hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for pk, text in texts.items()}
    known = {
        row.topic_id: np.asarray(row.embedding, dtype=np.float32)
        for row in TopicVector.objects.filter(model=model)
        if hashes.get(row.topic_id) == row.content_hash
    }
    missing = [pk for pk in texts if pk not in known]
    if missing:
        embedded = dict(zip(missing, embedder.embed([texts[pk] for pk in missing]), strict=True))
        _store(embedded, hashes, model)
        known |= embedded
    return known


def _name_vectors(names: Sequence[str], embedder: Embedder) -> dict[str, Vector]:
    """Names are few and short: a process embeds each of them once, and nothing is stored."""
    known = _NAME_VECTORS.setdefault(embedder.name, {})
    missing = [name for name in dict.fromkeys(names) if name not in known]
    if missing:
        known.update(zip(missing, embedder.embed(missing), strict=True))
    return known


def _store(vectors: dict[int, Vector], hashes: dict[int, str], model: EmbeddingModel) -> None:
    # A topic may have been deleted while its words were embedded.
    existing = Topic.objects.filter(pk__in=vectors).order_by("pk").values_list("pk", flat=True)
    TopicVector.objects.bulk_create(
        [TopicVector(topic_id=pk, model=model, embedding=vectors[pk], content_hash=hashes[pk]) for pk in existing],
        update_conflicts=True,
        unique_fields=["topic", "model"],
        update_fields=["embedding", "content_hash"],
    )
