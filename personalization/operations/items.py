"""A slate as something to show: pages with their addresses and their reasons in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from personalization.types import Slate, SlateItem
from personalization.visibility import visible_pages
from personalization.visitors import affinity_of

from .queries import site_for
from .reason_words import ItemReason, ReasonWords

if TYPE_CHECKING:
    from django.http import HttpRequest
    from wagtail.models import Page


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """One recommendation. `page` is of its specific class; `position` starts at 1; `url` is "" where it has none.

    `hide_url` is where the visitor may say "don't show me this"; "" where there is no profile that could keep it.
    """

    page: Page
    url: str
    title: str
    score: float
    reasons: tuple[ItemReason, ...]
    position: int
    slate_id: UUID
    hide_url: str = ""


def render_items(slate: Slate, request: HttpRequest | None) -> list[RecommendedItem]:
    """The slate's pages in its order. The number of queries does not grow with the slate, only with page types."""
    site_id = site_for(request)
    pages = {page.pk: page for page in _specific(slate.items, site_id)}
    texts = ReasonWords([reason for item in slate.items for reason in item.reasons], site_id)
    is_hideable = slate.is_personal and request is not None and affinity_of(request).visitor_id is not None
    shown = [(item, pages[item.page_id]) for item in slate.items if item.page_id in pages]
    return [
        RecommendedItem(
            page=page,
            url=page.get_url(request) or "",
            title=page.title,
            score=item.score,
            reasons=texts.of(item.reasons),
            position=position,
            slate_id=slate.slate_id,
            hide_url=_hide_url(page.pk) if is_hideable else "",
        )
        for position, (item, page) in enumerate(shown, start=1)
    ]


def _specific(items: Iterable[SlateItem], site_id: int) -> Iterable[Page]:
    pages = visible_pages(site_id).filter(pk__in=[item.page_id for item in items])
    specific: Iterable[Page] = pages.specific()
    return specific


def _hide_url(page_id: int) -> str:
    """ "" where the site does not include the URLs of the visitor's own page."""
    try:
        return reverse("personalization_you:hide", args=[page_id])
    except NoReverseMatch:
        return ""
