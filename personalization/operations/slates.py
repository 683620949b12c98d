"""The recommender: what was prepared is arranged, kept where it is nobody's, and checked for visibility last."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.db import IntegrityError, connection, transaction

from personalization.conf import settings
from personalization.models import ServedSlate, Visitor
from personalization.recommendation.arrangement import Arrangement, Prepared, arrange
from personalization.recommendation.logged import Considered
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.reasons import Audience, reasons_for
from personalization.recommendation.scorers import blend
from personalization.sources import SourceRequest, registered
from personalization.types import RecQuery, Slate, SlateItem
from personalization.visibility import visible_ids

from .material import SPARE, prepare, seed_of, types_of
from .placements import load_placement, recommendable_types
from .queries import contextual_query
from .rankers import live_version
from .unwanted import unwanted_pages

if TYPE_CHECKING:
    from django.http import HttpRequest
    from wagtail.models import Page

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A slate, what was read for it, and how it was arranged. Its pages were visible when it was read."""

    slate: Slate
    prepared: Prepared
    arrangement: Arrangement


def recommend(query: RecQuery) -> Slate:
    """The answer to `query`: at most `query.n` visible pages, best first, fewer only where there are no more.

    A slate made for no visitor is kept in the cache for `SLATE_CACHE_SECONDS` by placement with the rules in force and
    what is tuned for these segments, page, locale, site, segments, hour and n; a visitor's own never is. What is
    visible is decided after that, anew each time.
    Raises `UnknownPlacement`.
    """
    config = load_placement(query.placement).for_segments(query.segments)
    query = replace(query, exclude=query.exclude | unwanted_pages(query.profile))
    is_shared = query.profile is None and query.visitor_id is None
    chosen, seen = (_choose_cached(query, config), None) if is_shared else _choose(query, config)
    items = _visible(chosen, query, config)
    if is_shared and len(items) < query.n <= len(chosen):
        # Pages may have gone since the list was kept, and others come.
        items = _visible(_choose(query, config)[0], query, config)
    return _slate(items, query, config, seen)


def explain(query: RecQuery, config: PlacementConfig | None = None) -> Explanation:
    """The answer to `query`, with everything that made it; of a placement as it stands in a form, if one is given,
    with what is tuned for the query's segments.

    Reads what any setting may look at. Nothing is kept, nor logged.
    """
    config = (config or load_placement(query.placement)).for_segments(query.segments)
    query = replace(query, exclude=query.exclude | unwanted_pages(query.profile))
    return rearranged(prepare(query, config, is_complete=True), query, config)


def rearranged(prepared: Prepared, query: RecQuery, config: PlacementConfig) -> Explanation:
    """What was prepared once, as other settings of rerankers would show it: no query, for a preview that follows along.

    A change of strategy, page types, minimum score, rules, number of items or of leaving out read pages needs
    `explain` anew.
    """
    arrangement = arrange(prepared, config, is_explained=True)
    return Explanation(_slate(_items(arrangement, query)[: query.n], query, config), prepared, arrangement)


def recommend_recent(
    request: HttpRequest | None, page: Page | None, n: int, unwanted: frozenset[int] = frozenset()
) -> Slate:
    """The newest pages but the unwanted, needing no placement: what is shown where `recommend` failed."""
    config = PlacementConfig(name="", title="", n=n, strategy="recent")
    query = replace(contextual_query(request, config, page, n), exclude=unwanted)
    asked = SourceRequest(query, config, n + SPARE, types_of(config), query.exclude | _page_itself(query))
    ranked = blend(registered()["recent"].candidates(asked), {"recent": 1.0})
    items = _visible(
        [SlateItem(p.page_id, p.score, p.shares, reasons_for(p, Audience())) for p in ranked], query, config
    )
    return Slate(uuid.uuid4(), config.name, tuple(items[:n]))


def _page_itself(query: RecQuery) -> frozenset[int]:
    return frozenset() if query.page_id is None else frozenset([query.page_id])


def record_served(slate: Slate, query: RecQuery) -> None:
    """Log what was answered to a consenting visitor; of anybody else nothing is stored."""
    if query.visitor_id is None:
        return
    seen = slate.considered
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
                propensities=_propensities(slate),
                context=seen.circumstances.to_json() if seen else {},
                features=seen.to_json([item.page_id for item in slate.items]) if seen else {},
                ranker_version=seen.ranker_version if seen else None,
            )
            # Foreign keys are checked at commit otherwise, where nobody can catch it.
            connection.check_constraints()
    except IntegrityError:
        logger.info("A page was deleted while a slate was made for it; it is not logged.")


def _propensities(slate: Slate) -> list[float]:
    """Of each item; none where chance had no hand."""
    chances = [round(item.propensity, 6) for item in slate.items]
    return chances if any(chance < 1.0 for chance in chances) else []


def _choose_cached(query: RecQuery, config: PlacementConfig) -> list[SlateItem]:
    key = f"personalization:slate:{hashlib.blake2b(repr(_scope(query, config)).encode(), digest_size=16).hexdigest()}"
    chosen: list[SlateItem] | None = cache.get(key)
    if chosen is None:
        chosen, _nobodys = _choose(query, config)
        cache.set(key, chosen, settings.SLATE_CACHE_SECONDS)
    return chosen


def _scope(query: RecQuery, config: PlacementConfig) -> tuple[object, ...]:
    """Everything that a slate depends on that is made for nobody in particular."""
    rules = config.rulebook(query.segments, query.locale_id, query.context.at).rules
    in_force = [(rule.rule_id, rule.precedence, rule.strength, hash(rule.pages)) for rule in rules]
    asked = (query.page_id, query.locale_id, query.site_id, query.n, seed_of(query))
    limits = (sorted(query.segments), sorted(query.exclude), sorted(recommendable_types()))
    live = live_version()
    return (replace(config, rules=()), in_force, asked, limits, live.number if live else 0)


def _choose(query: RecQuery, config: PlacementConfig) -> tuple[list[SlateItem], Considered | None]:
    """Everything up to the visibility check: `n` pages and some to spare. And what a visitor's log keeps of it."""
    prepared = prepare(query, config)
    return _items(arrange(prepared, config), query), prepared.considered


def _items(arrangement: Arrangement, query: RecQuery) -> list[SlateItem]:
    muted = query.profile.muted_topics if query.profile else frozenset()
    audience = Audience(query.page_id, muted, settings.K_ANONYMITY)
    return [
        SlateItem(
            page.page_id,
            page.score,
            page.shares,
            reasons_for(page, audience),
            arrangement.chances.get(page.page_id, 1.0),
        )
        for page in arrangement.pages
    ]


def _slate(
    items: Sequence[SlateItem], query: RecQuery, config: PlacementConfig, seen: Considered | None = None
) -> Slate:
    return Slate(
        slate_id=uuid.uuid4(),
        placement=config.name,
        items=tuple(items[: query.n]),
        segments=query.segments,
        is_personal=query.profile is not None,
        considered=seen,
    )


def _visible(chosen: Sequence[SlateItem], query: RecQuery, config: PlacementConfig) -> list[SlateItem]:
    """Those that anybody may see now, of the right types; an editor's pin may be of any type."""
    visible = visible_ids([item.page_id for item in chosen], query.site_id, query.locale_id)
    types = types_of(config)
    return [i for i in chosen if i.page_id in visible and ("pins" in i.sources or visible[i.page_id] in types)]
