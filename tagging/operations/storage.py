"""What an analysis found, written down: one short transaction a page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import swapper
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from tagging.conf import least_to_apply
from tagging.models import EmbeddingModel, Entity, PageAnalysis, PageEntity, PageVector, Suggestion, Topic
from tagging.signals import page_analyzed
from tagging.types import Analysis, EntityLabel
from tagging.types import PageEntity as FoundEntity

from .filters import PageFacts
from .outbox import Claim, held
from .terms import drop_terms, save_terms
from .vectors import save_vectors

OPEN_STATES = (Suggestion.State.SUGGESTED, Suggestion.State.APPLIED)
EntityKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an analysis was made with: the ids of the recogniser, the embedder and the topic set."""

    recognizer: str
    embedder: str
    topic_set: str


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What is looked up once for all pages of a batch.

    The vectors of `same_vectors`, the entities of `same_entities` and the terms of `same_terms` (page ids) are stored
    already.
    """

    model: EmbeddingModel
    entity_ids: dict[EntityKey, int]
    pages: PageFacts
    same_vectors: Collection[int]
    same_entities: Collection[int]
    same_terms: Collection[int]


def batch_facts(
    analyses: Iterable[Analysis],
    model: EmbeddingModel,
    *,
    same_vectors: Collection[int],
    same_entities: Collection[int],
    same_terms: Collection[int],
) -> BatchFacts:
    """The facts that `store` needs; makes the entities that are new."""
    new = [analysis for analysis in analyses if analysis.page_id not in same_entities]
    return BatchFacts(model, _entity_ids(new), PageFacts(), same_vectors, same_entities, same_terms)


def store(claim: Claim, analysis: Analysis, made_with: Provenance, facts: BatchFacts) -> bool:
    """Replace the page's vector, entities and undecided topics; returns False where the claim no longer stands.

    Decided topics stay as they are. Sends `page_analyzed` after the commit.
    """
    with transaction.atomic():
        # Page first, then its analysis: the order in which a publish takes them, so that neither waits in a ring.
        page = lock_page(claim.page_id)
        if page is None or not held(claim).select_for_update().exists():
            return False
        if page.pk not in facts.same_vectors:
            _replace_vector(page, analysis, facts)
        if page.pk not in facts.same_entities:
            _replace_entities(page.pk, analysis.entities, facts.entity_ids)
        _replace_suggestions(page.pk, analysis, facts.model)
        if page.live and page.pk not in facts.same_terms:
            save_terms(page, analysis.terms)
        text = {"content_hash": analysis.content_hash, "words": analysis.words.tobytes()}
        _finish(claim, PageAnalysis.State.DONE, "", **text, **asdict(made_with))
    page_analyzed.send_robust(sender=PageAnalysis, page_id=page.pk)
    return True


def store_nothing(claim: Claim, reason: str) -> None:
    """Mark a page as skipped: it has nothing to analyse. What was known of its earlier text is removed."""
    with transaction.atomic():
        page = lock_page(claim.page_id)
        if page is None or not held(claim).select_for_update().exists():
            return
        PageVector.objects.filter(page_id=page.pk).delete()
        PageEntity.objects.filter(page_id=page.pk).delete()
        drop_terms([page.pk])
        Suggestion.objects.filter(page_id=page.pk, state__in=OPEN_STATES).delete()
        _finish(claim, PageAnalysis.State.SKIPPED, reason, content_hash="", words=b"")
    page_analyzed.send_robust(sender=PageAnalysis, page_id=page.pk)


def entity_key(entity: FoundEntity) -> EntityKey:
    """What makes two names one entity."""
    return entity.name.lower()[:255], entity.label


def lock_page(page_id: int) -> Any:
    """The base page, locked until the end of the transaction; None where it is gone."""
    page_model = swapper.load_model("wagtailcore", "Page")
    return page_model.objects.select_for_update(no_key=True, of=("self",)).filter(pk=page_id).first()


def found_entities(page_ids: Iterable[int]) -> dict[int, tuple[FoundEntity, ...]]:
    """Page id → the entities as the analysis found them: under their keys, whatever editors call them."""
    rows = PageEntity.objects.filter(page_id__in=page_ids).select_related("entity")
    found: dict[int, list[FoundEntity]] = {}
    for row in rows.order_by("-salience", "entity__key"):
        found.setdefault(row.page_id, []).append(
            FoundEntity(
                name=row.entity.key,
                label=cast(EntityLabel, row.entity.label),
                aliases=tuple(row.aliases),
                count=row.count,
                salience=row.salience,
                evidence=tuple(row.evidence),
                confidence=row.confidence,
            )
        )
    return {page_id: tuple(entities) for page_id, entities in found.items()}


def _entity_ids(analyses: Iterable[Analysis]) -> dict[EntityKey, int]:
    """(key, label) → id for every entity of a batch; missing ones are made."""
    found = {entity_key(entity): entity for analysis in analyses for entity in analysis.entities}
    # Sorted: two workers that add the same names must not wait for each other in a ring.
    rows = [Entity(key=key, label=label, name=found[key, label].name[:255]) for key, label in sorted(found)]
    Entity.objects.bulk_create(rows, ignore_conflicts=True)
    known = Entity.objects.filter(key__in={key for key, _ in found}).values_list("key", "label", "pk")
    return {(key, label): pk for key, label, pk in known}


def _finish(claim: Claim, state: str, reason: str, **changes: Any) -> None:
    PageAnalysis.objects.filter(pk=claim.page_id).update(
        state=state, reason=reason, claimed_at=None, attempts=0, analyzed_at=timezone.now(), **changes
    )


def _replace_vector(page: Any, analysis: Analysis, facts: BatchFacts) -> None:
    if analysis.vector is None:
        PageVector.objects.filter(page_id=page.pk, model=facts.model).delete()
        return
    save_vectors(facts.model, [(page, analysis.vector, analysis.content_hash)], facts.pages)


def _replace_entities(page_id: int, found: Sequence[FoundEntity], ids: dict[EntityKey, int]) -> None:
    PageEntity.objects.filter(page_id=page_id).delete()
    rows = {
        entity_key(entity): PageEntity(
            page_id=page_id,
            entity_id=ids[entity_key(entity)],
            count=entity.count,
            salience=entity.salience,
            aliases=[alias[:255] for alias in entity.aliases],
            evidence=list(entity.evidence),
            confidence=entity.confidence,
        )
        for entity in found
    }
    PageEntity.objects.bulk_create(rows.values())


def _replace_suggestions(page_id: int, analysis: Analysis, model: EmbeddingModel) -> None:
    decided = Suggestion.objects.filter(page_id=page_id, topic=OuterRef("pk")).exclude(state__in=OPEN_STATES)
    # A topic may have been deleted while the page was analysed.
    existing = Topic.objects.filter(pk__in=[topic.topic_id for topic in analysis.topics])
    open_ids = set(existing.exclude(Exists(decided)).order_by().values_list("pk", flat=True))
    wanted = [topic for topic in analysis.topics if topic.topic_id in open_ids]
    rows = Suggestion.objects.filter(page_id=page_id, state__in=OPEN_STATES)
    rows.exclude(topic_id__in=[topic.topic_id for topic in wanted]).delete()
    Suggestion.objects.bulk_create(
        [
            Suggestion(
                page_id=page_id,
                topic_id=topic.topic_id,
                state=open_state(topic.score),
                score=topic.score,
                logit=topic.logit,
                source=topic.source,
                evidence=topic.evidence,
                similar=list(topic.similar),
                model=model.name,
            )
            for topic in wanted
        ],
        update_conflicts=True,
        unique_fields=["page", "topic"],
        update_fields=["state", "score", "logit", "source", "evidence", "similar", "model"],
    )


def open_state(score: float) -> str:
    """What the machine does with a probability that it suggests at all: apply it, or leave it to an editor."""
    return Suggestion.State.APPLIED if score >= least_to_apply() else Suggestion.State.SUGGESTED
