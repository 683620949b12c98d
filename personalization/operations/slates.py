"""The recommender: hydrate, ask the sources, filter, score, rank, rerank, check visibility, answer."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import IntegrityError, connection, transaction

from personalization.conf import settings
from personalization.models import ServedSlate, Visitor
from personalization.recommendation import filters, rankers, rerankers, strategies
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.reasons import reasons_for
from personalization.recommendation.scorers import ScoredPage, blend
from personalization.sources import SourceRequest, registered
from personalization.types import Candidate, RecQuery, Slate, SlateItem
from personalization.visibility import visible_ids
from tagging import index

from .placements import load_placement, recommendable_types
from .queries import contextual_query
from .unwanted import unwanted_pages

if TYPE_CHECKING:
    from django.http import HttpRequest
    from wagtail.models import Page

logger = logging.getLogger(__name__)

SPARE = 12
"""So many more pages than asked for are chosen, so that a slate is still full when some go out of sight."""


def recommend(query: RecQuery) -> Slate:
    """The answer to `query`: at most `query.n` visible pages, best first, fewer only where there are no more.

    A slate made without a profile is kept in the cache for `SLATE_CACHE_SECONDS` by placement, page, locale,
    site, segments and n; a visitor's own never is. What is visible is decided after that, anew each time.
    Raises `UnknownPlacement`.
    """
    config = load_placement(query.placement)
    query = replace(query, exclude=query.exclude | unwanted_pages(query.profile))
    chosen = _choose_cached(query, config) if query.profile is None else _choose(query, config)
    items = _visible(chosen, query, config)
    if len(items) < query.n <= len(chosen):
        items = _visible(_choose(query, config, is_exhaustive=True), query, config)
    return Slate(
        slate_id=uuid.uuid4(),
        placement=config.name,
        items=tuple(items[: query.n]),
        segments=query.segments,
        is_personal=query.profile is not None,
    )


def recommend_recent(
    request: HttpRequest | None, page: Page | None, n: int, unwanted: frozenset[int] = frozenset()
) -> Slate:
    """The newest pages but the unwanted, needing no placement: what is shown where `recommend` failed."""
    config = PlacementConfig(name="", title="", n=n, strategy="recent")
    query = replace(contextual_query(request, config, page, n), exclude=unwanted)
    ranked = blend(registered()["recent"].candidates(_source_request(query, config, n)), {"recent": 1.0})
    items = _visible([SlateItem(p.page_id, p.score, p.shares, reasons_for(p)) for p in ranked], query, config)
    return Slate(uuid.uuid4(), config.name, tuple(items[:n]))


def record_served(slate: Slate, query: RecQuery) -> None:
    """Log what was answered to a consenting visitor; of anybody else nothing is stored."""
    if query.visitor_id is None:
        return
    try:
        with transaction.atomic():
            # Waits for the withdrawal of consent, if there is one at this very moment.
            locked = Visitor.objects.select_for_update(no_key=True).filter(pk=query.visitor_id)
            if "personalization" not in (locked.values_list("purposes", flat=True).first() or ()):
                return
            ServedSlate.objects.create(
                id=slate.slate_id,
                visitor_id=query.visitor_id,
                placement=slate.placement,
                page_id=query.page_id,
                segments=sorted(slate.segments),
                items=[[item.page_id, round(item.score, 4), dict(item.sources)] for item in slate.items],
            )
            # Foreign keys are checked at commit otherwise, where nobody can catch it.
            connection.check_constraints()
    except IntegrityError:
        logger.info("A page was deleted while a slate was made for it; it is not logged.")


def _choose_cached(query: RecQuery, config: PlacementConfig) -> list[SlateItem]:
    scope = (config, query.page_id, query.locale_id, query.site_id, query.n)
    limits = (sorted(query.segments), sorted(query.exclude), sorted(recommendable_types()))
    key = f"personalization:slate:{hashlib.blake2b(repr((scope, limits)).encode(), digest_size=16).hexdigest()}"
    chosen: list[SlateItem] | None = cache.get(key)
    if chosen is None:
        chosen = _choose(query, config)
        cache.set(key, chosen, settings.SLATE_CACHE_SECONDS)
    return chosen


def _choose(query: RecQuery, config: PlacementConfig, *, is_exhaustive: bool = False) -> list[SlateItem]:
    """Everything up to the visibility check: `n` pages and some to spare, or all that any source has."""
    wanted = query.n + SPARE
    request = _source_request(query, config, wanted)
    weights = strategies.weights(config.strategy, query.profile)
    candidates = _gather(weights, request)
    ranked = blend(candidates, strategies.with_evidence(weights, _views(candidates)))
    if len(ranked) < wanted or is_exhaustive:
        chain = strategies.fallback(config.strategy)
        ranked = rankers.filled(ranked, [*candidates, *_gather(set(chain) - weights.keys(), request)], chain)
    pins = [rankers.alone(pin, 1.0) for pin in registered()["pins"].candidates(request)]
    shown = rerankers.pinned_first(pins, _diverse(ranked, pins, config.diversity, wanted))
    items = [SlateItem(page.page_id, page.score, page.shares, reasons_for(page)) for page in shown]
    return items if is_exhaustive else items[:wanted]


def _source_request(query: RecQuery, config: PlacementConfig, wanted: int) -> SourceRequest:
    exclude = query.exclude | config.excluded(query.segments)
    if query.page_id is not None:
        exclude |= {query.page_id}
    if query.profile is not None and config.exclude_read:
        exclude |= query.profile.read_page_ids
    return SourceRequest(query, config, max(settings.CANDIDATES_PER_SOURCE, wanted), _types(config), exclude)


def _gather(names: Iterable[str], request: SourceRequest) -> list[Candidate]:
    """What these sources propose, without what must not be shown or fits too little."""
    sources = registered()
    found = [candidate for name in sorted(names) for candidate in sources[name].candidates(request)]
    fits = {name for name, source in sources.items() if source.is_fit}
    return filters.at_least(filters.without(found, request.exclude), request.placement.minimum_score, fits)


def _diverse(
    ranked: Sequence[ScoredPage], pins: Sequence[ScoredPage], diversity: float, n: int
) -> Sequence[ScoredPage]:
    if not diversity:
        return ranked
    pinned = [page.page_id for page in pins]
    vectors = index.vectors([*pinned, *(page.page_id for page in ranked)])
    return rerankers.mmr(ranked, vectors, diversity, n, pinned)


def _visible(chosen: Sequence[SlateItem], query: RecQuery, config: PlacementConfig) -> list[SlateItem]:
    """Those that anybody may see now, of the right types; an editor's pin may be of any type."""
    visible = visible_ids([item.page_id for item in chosen], query.site_id, query.locale_id)
    types = _types(config)
    return [i for i in chosen if i.page_id in visible and ("pins" in i.sources or visible[i.page_id] in types)]


def _types(config: PlacementConfig) -> frozenset[int]:
    """Never empty where the site has a page type that may be recommended."""
    return config.types & recommendable_types() if config.types else recommendable_types()


def _views(candidates: Iterable[Candidate]) -> float:
    return sum(float(c.evidence["views"]) for c in candidates if c.source == "trending")
