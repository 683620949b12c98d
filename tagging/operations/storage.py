"""What analyses found, written down: one short transaction for a few pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import swapper
from django.db import transaction
from django.utils import timezone

from tagging.conf import least_to_apply
from tagging.models import EmbeddingModel, Entity, PageAnalysis, PageEntity, PageVector, Suggestion, Topic
from tagging.signals import page_analyzed
from tagging.types import Analysis, EntityLabel
from tagging.types import PageEntity as FoundEntity

from .filters import PageFacts
from .outbox import Claim, held, skip, standing_claims
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


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found on a page that this worker has taken, and what with."""

    claim: Claim
    analysis: Analysis
    made_with: Provenance


def store(findings: Collection[Finding], facts: BatchFacts, *, waits: bool = True) -> frozenset[int]:
    """Replace the pages' vectors, entities and undecided topics, all or none; returns the ids of those that were.

    Left out is a page whose claim no longer stands and, unless it `waits`, one that somebody else is writing to: who
    holds some pages and waits for another may be waited for. Decided topics stay as they are. Sends `page_analyzed`
    for each page after the commit.
    """
    with transaction.atomic():
        # Pages first, then their analyses: the order in which a publish takes them, so that neither waits in a ring.
        pages = {page.pk: page for page in lock_pages([one.claim.page_id for one in findings], waits=waits)}
        standing = standing_claims([one.claim for one in findings if one.claim.page_id in pages], waits=waits)
        found = [(pages[one.claim.page_id], one) for one in findings if one.claim.page_id in standing]
        if found:
            _replace(found, facts)
    for page_id in standing:
        page_analyzed.send_robust(sender=PageAnalysis, page_id=page_id)
    return standing


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
        skip(claim, reason, analyzed_at=timezone.now(), content_hash="", words=b"")
    page_analyzed.send_robust(sender=PageAnalysis, page_id=page.pk)


def entity_key(entity: FoundEntity) -> EntityKey:
    """What makes two names one entity."""
    return entity.name.lower()[:255], entity.label


def lock_page(page_id: int) -> Any:
    """The base page, locked until the end of the transaction; None where it is gone."""
    return next(iter(lock_pages([page_id])), None)


def lock_pages(page_ids: Collection[int], *, waits: bool = True) -> list[Any]:
    """Those of the base pages that are there, locked until the end of the transaction.

    Without `waits`, those that somebody else has locked are left out.
    """
    page_model = swapper.load_model("wagtailcore", "Page")
    locked = page_model.objects.select_for_update(no_key=True, of=("self",), skip_locked=not waits)
    return list(locked.filter(pk__in=page_ids).order_by("pk"))


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


def _replace(found: Sequence[tuple[Any, Finding]], facts: BatchFacts) -> None:
    """Write what was found on these pages, which are locked."""
    _replace_vectors([(page, one.analysis) for page, one in found if page.pk not in facts.same_vectors], facts)
    _replace_entities([one.analysis for page, one in found if page.pk not in facts.same_entities], facts.entity_ids)
    _replace_suggestions([one.analysis for _page, one in found], facts.model)
    save_terms([(page, one.analysis.terms) for page, one in found if page.live and page.pk not in facts.same_terms])
    _finish(one for _page, one in found)


def _finish(findings: Iterable[Finding]) -> None:
    """Mark the pages as analysed. Their rows are there, and locked: one statement for as many as there are."""
    result = {"state": PageAnalysis.State.DONE, "reason": "", "claimed_at": None, "attempts": 0}
    rows = [
        PageAnalysis(
            page_id=one.claim.page_id,
            **result,
            analyzed_at=timezone.now(),
            content_hash=one.analysis.content_hash,
            words=one.analysis.words.tobytes(),
            **asdict(one.made_with),
        )
        for one in findings
    ]
    written = [*result, "analyzed_at", "content_hash", "words", *Provenance.__dataclass_fields__]
    PageAnalysis.objects.bulk_create(rows, update_conflicts=True, unique_fields=["page"], update_fields=written)


def _replace_vectors(found: Sequence[tuple[Any, Analysis]], facts: BatchFacts) -> None:
    if gone := [page.pk for page, analysis in found if analysis.vector is None]:
        PageVector.objects.filter(page_id__in=gone, model=facts.model).delete()
    vectors = [(page, one.vector, one.content_hash) for page, one in found if one.vector is not None]
    save_vectors(facts.model, vectors, facts.pages)


def _replace_entities(analyses: Sequence[Analysis], ids: dict[EntityKey, int]) -> None:
    PageEntity.objects.filter(page_id__in=[analysis.page_id for analysis in analyses]).delete()
    rows = {
        (analysis.page_id, entity_key(entity)): PageEntity(
            page_id=analysis.page_id,
            entity_id=ids[entity_key(entity)],
            count=entity.count,
            salience=entity.salience,
            aliases=[alias[:255] for alias in entity.aliases],
            evidence=list(entity.evidence),
            confidence=entity.confidence,
        )
        for analysis in analyses
        for entity in analysis.entities
    }
    PageEntity.objects.bulk_create(rows.values())


def _replace_suggestions(analyses: Sequence[Analysis], model: EmbeddingModel) -> None:
    of_pages = Suggestion.objects.filter(page_id__in=[analysis.page_id for analysis in analyses])
    known = list(of_pages.values_list("page_id", "topic_id", "state", "pk"))
    decided = {(page_id, topic_id) for page_id, topic_id, state, _pk in known if state not in OPEN_STATES}
    # A topic may have been deleted while the pages were analysed.
    proposed = {topic.topic_id for analysis in analyses for topic in analysis.topics}
    existing = set(Topic.objects.filter(pk__in=proposed).order_by().values_list("pk", flat=True))
    wanted = {
        (analysis.page_id, topic.topic_id): topic
        for analysis in analyses
        for topic in analysis.topics
        if topic.topic_id in existing and (analysis.page_id, topic.topic_id) not in decided
    }
    gone = [pk for page_id, topic_id, state, pk in known if state in OPEN_STATES and (page_id, topic_id) not in wanted]
    Suggestion.objects.filter(pk__in=gone).delete()
    Suggestion.objects.bulk_create(
        [
            Suggestion(
                page_id=page_id,
                topic_id=topic_id,
                state=open_state(topic.score),
                score=topic.score,
                logit=topic.logit,
                source=topic.source,
                evidence=topic.evidence,
                similar=list(topic.similar),
                model=model.name,
            )
            for (page_id, topic_id), topic in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["page", "topic"],
        update_fields=["state", "score", "logit", "source", "evidence", "similar", "model"],
    )


def open_state(score: float) -> str:
    """What the machine does with a probability that it suggests at all: apply it, or leave it to an editor."""
    return Suggestion.State.APPLIED if score >= least_to_apply() else Suggestion.State.SUGGESTED
