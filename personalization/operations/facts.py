"""What rerankers look at, read for the pages of one list."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from datetime import datetime, timedelta

import swapper
from django.db.models import Count, Q, Sum

from personalization.models import Event, EventCount
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.standing import Kind, PageFacts
from personalization.types import RecQuery
from personalization.visitors.sections import TOP
from tagging import index

from .authors import authors_of

POPULARITY_DAYS = 30
FATIGUE_DAYS = 14


def facts_of(
    page_ids: Collection[int],
    query: RecQuery,
    config: PlacementConfig,
    *,
    lacking: Mapping[int, int],
    is_complete: bool = False,
) -> dict[int, PageFacts]:
    """Page id → facts. At most one query for each setting of the placement that looks at something of its own.

    With `is_complete` every fact, whatever the placement asks for.
    """
    caps = {"topic", "author", "section"} if is_complete else config.caps.keys()
    needs_rows = is_complete or bool(config.freshness_days) or "section" in caps
    rows = _rows(page_ids) if needs_rows else {}
    labels: dict[Kind, Mapping[int, frozenset[Hashable]]] = {}
    if "section" in caps:
        labels["section"] = {page_id: _section(path) for page_id, (path, _published) in rows.items()}
    if "topic" in caps:
        found = index.topics_of(page_ids)
        labels["topic"] = {page_id: frozenset(t.topic_id for t in topics) for page_id, topics in found.items()}
    if "author" in caps:
        labels["author"] = authors_of(page_ids)
    views = _views(page_ids, query.context.at) if is_complete or config.popularity_debias > 0.0 else {}
    unclicked = _unclicked(page_ids, query) if is_complete or config.patience else {}
    read = query.profile.read_page_ids if query.profile else frozenset()
    return {
        page_id: PageFacts(
            age_days=_age(rows[page_id][1], query.context.at) if page_id in rows else None,
            labels={kind: of_pages.get(page_id, frozenset()) for kind, of_pages in labels.items()},
            views=views.get(page_id, 0.0),
            unclicked=unclicked.get(page_id, 0),
            is_read=page_id in read,
            lacking=lacking.get(page_id, 0),
        )
        for page_id in page_ids
    }


def _rows(page_ids: Collection[int]) -> dict[int, tuple[str, datetime | None]]:
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids)
    return {pk: (path, published) for pk, path, published in pages.values_list("pk", "path", "first_published_at")}


def _section(path: str) -> frozenset[Hashable]:
    """Treebeard's path of the page right below the home page; none for the home page itself."""
    top = TOP * swapper.load_model("wagtailcore", "Page").steplen
    return frozenset([path[:top]]) if len(path) >= top else frozenset()


def _age(published: datetime | None, now: datetime) -> float | None:
    return None if published is None else (now - published).total_seconds() / 86400


def _views(page_ids: Collection[int], now: datetime) -> dict[int, float]:
    since = now - timedelta(days=POPULARITY_DAYS)
    counts = EventCount.objects.filter(page__in=page_ids, kind=Event.Kind.VIEW, hour__gte=since).order_by()
    return dict(counts.values("page").annotate(views=Sum("n")).values_list("page", "views"))


def _unclicked(page_ids: Collection[int], query: RecQuery) -> dict[int, int]:
    """How often the visitor saw each page recommended of late and neither clicked nor read it. Nobody else's."""
    if query.visitor_id is None or query.profile is None:
        return {}
    since = query.context.at - timedelta(days=FATIGUE_DAYS)
    events = Event.objects.filter(visitor=query.visitor_id, page__in=page_ids, at__gte=since).order_by()
    seen = Count("pk", filter=Q(kind=Event.Kind.IMPRESSION))
    taken = Count("pk", filter=Q(kind__in=(Event.Kind.CLICK, Event.Kind.VIEW)))
    rows = events.values("page").annotate(seen=seen, taken=taken).filter(seen__gt=0, taken=0)
    return dict(rows.values_list("page", "seen"))
