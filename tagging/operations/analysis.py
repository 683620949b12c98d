"""The worker's job: take waiting pages, analyse them, write down what was found."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import swapper
from django.db import DataError, IntegrityError
from django.utils.translation import gettext as _
from wagtail.models import Locale

from tagging import embedding, ner, pipeline, text
from tagging.conf import settings
from tagging.exceptions import ModelUnavailable
from tagging.models import PageVector
from tagging.reading.ahead import one_ahead
from tagging.types import Analysis, AnalysisFailure, PageEntity, PageText, Vector

from .calibration import newest_calibration, refit
from .embedding_models import live_model
from .filters import refresh_filters
from .gazetteer import current_gazetteer, recognizer_id
from .memory import give_back_memory
from .outbox import (
    Claim,
    analyzable_pages,
    claim,
    fail,
    finish_unchanged,
    is_busy,
    mark_outdated,
    release,
    skip,
    waiting,
)
from .setup import Setup
from .storage import BatchFacts, Finding, Provenance, batch_facts, found_entities, store, store_nothing
from .terms import with_terms
from .topic_set import current_topics, topic_set_version

READ_AT_ONCE = 16
"""So many pages of a batch are read together, and then stored together."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class BatchReport:
    """What became of the pages of one batch. `claimed` of 0 means that none was waiting."""

    claimed: int = 0
    analyzed: int = 0
    unchanged: int = 0
    skipped: int = 0
    failures: list[AnalysisFailure] = field(default_factory=list)


def analyze_batch(limit: int | None = None, page_ids: Collection[int] | None = None) -> BatchReport:
    """Analyse up to `limit` waiting pages (default: BATCH_SIZE), or as many of `page_ids` as are waiting.

    Loads the models. Must be called outside any transaction. One page's failure is that page's alone;
    whatever else goes wrong (ModelUnavailable, a lost database, Ctrl-C) gives the pages back and is raised.
    """
    if not waiting(page_ids).exists():
        return BatchReport()
    setup = Setup.current()
    # Before any page is taken: a worker that runs out of memory while it loads its models takes none with it.
    _load_embedder(setup.embedder)
    for locale in Locale.objects.all():
        _load_recognizer(ner.get_recognizer(locale.language_code), locale.language_code, setup.embedder)
    claims = claim(limit or settings.BATCH_SIZE, page_ids)
    try:
        return _analyze(claims, setup)
    except BaseException:
        release(claims)
        raise
    finally:
        give_back_memory()


def sweep() -> bool:
    """Find what the signals could not see: changed settings and topics, many new decisions, dead workers.

    Returns whether a worker should be asked: pages are waiting, and nobody is busy with them.
    """
    refit()
    fit = newest_calibration()
    topic_set = topic_set_version(current_topics(), fit.pk if fit else None)
    live = live_model()
    embedder = live.name if live else embedding.current_name()
    known = current_gazetteer()
    recognizers = {locale.pk: recognizer_id(locale.language_code, known) for locale in Locale.objects.all()}
    mark_outdated(topic_set, embedder, recognizers)
    return waiting().exists() and not is_busy()


@lru_cache(maxsize=8)
def _load_embedder(embedder: embedding.Embedder) -> None:
    embedder.embed(["Hello"])


@lru_cache(maxsize=64)
def _load_recognizer(recognizer: ner.Recognizer, language: str, embedder: embedding.Embedder) -> None:
    hello = PageText(page_id=0, title="Hello", summary="", body=(), language=language)
    with suppress(ModelUnavailable):  # pages of this language alone will fail, with this as their reason
        pipeline.recognize([hello], lambda _language: recognizer, embedder)


def _analyze(claims: list[Claim], setup: Setup) -> BatchReport:
    report = BatchReport(claimed=len(claims))
    texts = _texts({claim.page_id: claim for claim in claims}, report)
    todo, termed = [], with_terms([claimed.page_id for claimed, _text in texts])
    for claimed, page_text in texts:
        is_known = claimed.page_id in termed  # an unpublished page forgets its terms
        if is_known and _is_fresh(claimed, page_text, setup.provenance(page_text.language)):
            finish_unchanged(claimed)
            report.unchanged += 1
        else:
            todo.append((claimed, page_text))
    if todo:
        _analyze_changed(todo, termed, setup, report)
    return report


def _texts(claims: dict[int, Claim], report: BatchReport) -> list[tuple[Claim, PageText]]:
    """The texts of the claimed pages; what has none, or cannot be read, is reported and set aside."""
    page_model = swapper.load_model("wagtailcore", "Page")
    analyzable = set(analyzable_pages().filter(pk__in=claims).values_list("pk", flat=True))
    locales = {locale.pk: locale for locale in Locale.objects.all()}
    texts = []
    for page in page_model.objects.filter(pk__in=claims).specific():
        page.locale = locales[page.locale_id]  # a query less a page
        claimed = claims[page.pk]
        if page.pk not in analyzable:
            _skip(claimed, _("The page is not published, or pages of its type are not analysed."), report)
            continue
        try:
            page_text = text.extract(page)
        except Exception as error:
            logger.exception("The text of page %d could not be read.", page.pk)
            _fail(claimed, AnalysisFailure(page.pk, f"{type(error).__name__}: {error}"), report)
            continue
        if page_text.is_empty:
            store_nothing(claimed, _("The page has no text."))
            report.skipped += 1
        else:
            texts.append((claimed, page_text))
    return texts


def _is_fresh(claimed: Claim, page_text: PageText, made_with: Provenance) -> bool:
    known = Provenance(claimed.recognizer, claimed.embedder, claimed.topic_set)
    return claimed.content_hash == page_text.content_hash and known == made_with


def _analyze_changed(
    todo: list[tuple[Claim, PageText]], termed: Collection[int], setup: Setup, report: BatchReport
) -> None:
    same_text = [(claimed, page) for claimed, page in todo if claimed.content_hash == page.content_hash]
    vectors, entities = _known_vectors(same_text, setup), _known_entities(same_text, setup)
    analyze = setup.analyzer(known_vectors=vectors, known_entities=entities)
    parts = [todo[start : start + READ_AT_ONCE] for start in range(0, len(todo), READ_AT_ONCE)]
    # The next pages are read while these are stored: the models leave the interpreter, and storing waits for Postgres.
    for part, results in one_ahead((part, analyze([page for _claim, page in part])) for part in parts):
        found = [result for result in results if isinstance(result, Analysis)]
        facts = batch_facts(
            found,
            setup.model,
            same_vectors=vectors.keys(),
            same_entities=entities.keys(),
            same_terms=entities.keys() & termed,
        )
        findings = []
        for (claimed, page_text), result in zip(part, results, strict=True):
            if isinstance(result, AnalysisFailure):
                _fail(claimed, result, report)
            else:
                findings.append(Finding(claimed, result, setup.provenance(page_text.language)))
        _store(findings, facts, report)
        # Privacy that was set while they were being written is not among their facts.
        refresh_filters([claimed.page_id for claimed, _page in part])


def _store(findings: Sequence[Finding], facts: BatchFacts, report: BatchReport) -> None:
    """All together first; then those one by one that somebody was writing to, or among which the database refuses one.

    What it refuses is that page's failure, not its batch's.
    """
    stored: frozenset[int] = frozenset()
    with suppress(DataError, IntegrityError):
        stored = store(findings, facts, waits=False)
    for finding in findings:
        if finding.claim.page_id not in stored:
            stored |= _stored_alone(finding, facts, report)
    report.analyzed += len(stored)


def _stored_alone(finding: Finding, facts: BatchFacts, report: BatchReport) -> frozenset[int]:
    try:
        return store([finding], facts)
    except (DataError, IntegrityError) as error:
        page_id = finding.claim.page_id
        logger.exception("What was found on page %d could not be stored.", page_id)
        _fail(finding.claim, AnalysisFailure(page_id, f"{type(error).__name__}: {error}"), report)
        return frozenset()


def _known_vectors(same_text: Iterable[tuple[Claim, PageText]], setup: Setup) -> dict[int, Vector]:
    reusable = [claimed.page_id for claimed, _page in same_text if claimed.embedder == setup.embedder.name]
    rows = PageVector.objects.filter(page_id__in=reusable, model=setup.model).values_list("page_id", "embedding")
    return {page_id: np.asarray(values, dtype=np.float32) for page_id, values in rows}


def _known_entities(same_text: Iterable[tuple[Claim, PageText]], setup: Setup) -> dict[int, tuple[PageEntity, ...]]:
    reusable = [
        page_text.page_id
        for claimed, page_text in same_text
        if claimed.recognizer == recognizer_id(page_text.language, setup.gazetteer)
    ]
    found = found_entities(reusable)
    return {page_id: found.get(page_id, ()) for page_id in reusable}


def _skip(claimed: Claim, reason: str, report: BatchReport) -> None:
    skip(claimed, reason)
    report.skipped += 1


def _fail(claimed: Claim, failure: AnalysisFailure, report: BatchReport) -> None:
    fail(claimed, failure.reason)
    report.failures.append(failure)
