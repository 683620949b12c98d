"""From a request to a question for the recommender."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils import timezone
from wagtail.models import Locale, Site

from personalization.conf import settings
from personalization.recommendation.placement import PlacementConfig
from personalization.types import RecQuery, RequestContext
from personalization.visitors import affinity_of

from .placements import load_placement

if TYPE_CHECKING:
    from django.http import HttpRequest
    from wagtail.models import Page


def query_for_request(
    request: HttpRequest | None,
    placement: str,
    page: Page | None = None,
    n: int | None = None,
    *,
    locale: Locale | None = None,
    is_personal: bool = True,
    exclude: frozenset[int] = frozenset(),
) -> RecQuery:
    """What to ask for this request: `n` items (the placement's own number if None) beside `page`.

    The locale is `locale`, else the page's, else the active language's. With `is_personal` false nothing of
    the visitor is read, so that the answer may be cached for everybody; a preview as a segment is personal anyway.
    `exclude` are the pages that the same screen shows already.
    Raises `UnknownPlacement`.
    """
    config = load_placement(placement)
    affinity = affinity_of(request) if request is not None else None
    query = replace(contextual_query(request, config, page, n, locale), exclude=exclude)
    if affinity is None or not (is_personal or affinity.forced_segments is not None):
        return query
    return replace(
        query,
        context=affinity.context,
        profile=affinity.profile,
        segments=affinity.segments,
        visitor_id=affinity.visitor_id if affinity.is_counted else None,
    )


def contextual_query(
    request: HttpRequest | None,
    config: PlacementConfig,
    page: Page | None = None,
    n: int | None = None,
    locale: Locale | None = None,
) -> RecQuery:
    """The same, knowing nothing of the visitor but the page being read."""
    locale_id = locale.pk if locale else page.locale_id if page and page.locale_id else Locale.get_active().pk
    return RecQuery(
        placement=config.name,
        n=min(n or config.n, settings.MAX_ITEMS),
        site_id=site_for(request),
        locale_id=locale_id,
        page_id=page.pk if page else None,
        context=RequestContext(at=timezone.localtime()),
    )


def site_for(request: HttpRequest | None) -> int:
    """The id of the request's site; without a request, of the default site; 0 where there is none."""
    site = Site.find_for_request(request) if request is not None else None
    site = site or Site.objects.filter(is_default_site=True).first()
    return int(site.pk) if site else 0
