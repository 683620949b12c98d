"""A slate as something to show: pages with their addresses and their reasons in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from personalization.types import Reason, Slate, SlateItem
from personalization.visibility import visible_pages
from personalization.visitors import affinity_of
from tagging import index

from .queries import site_for

if TYPE_CHECKING:
    from django.http import HttpRequest
    from wagtail.models import Page


@dataclass(frozen=True, slots=True)
class ItemReason:
    """A reason's code for programs, and its text for readers."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


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
    texts = _ReasonTexts([reason for item in slate.items for reason in item.reasons], site_id)
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


class _ReasonTexts:
    """The words for reasons. Names of topics and of pages that were read are fetched once for all of them."""

    def __init__(self, reasons: Iterable[Reason], site_id: int) -> None:
        topics = {r.params["topic_id"] for r in reasons if r.code == "topic"}
        pages = {r.params["page_id"] for r in reasons if r.code == "read"}
        self.topics = index.topic_names(topics) if topics else {}
        self.titles = _titles(pages, site_id) if pages else {}

    def of(self, reasons: Iterable[Reason]) -> tuple[ItemReason, ...]:
        found = [ItemReason(reason.code, self._text(reason.code, reason.params)) for reason in reasons]
        return tuple({reason.text: reason for reason in found}.values())

    def _text(self, code: str, params: Mapping[str, Any]) -> str:
        match code:
            case "topic" if params["topic_id"] in self.topics:
                return _("More on %(topic)s") % {"topic": topic_label(self.topics[params["topic_id"]])}
            case "read" if params["page_id"] in self.titles:
                return _("Because you read “%(title)s”") % {"title": self.titles[params["page_id"]]}
            case "topic" | "read" | "profile":
                return _("Based on what you read")
            case "similar":
                return _("Related to this page")
            case "trending":
                return _("Trending now")
            case "new":
                return pgettext("page", "New")
            case "recent":
                return _("Among the newest")
            case "pinned":
                return _("Editors’ pick")
        return str(params.get("text", code))


def topic_label(name: str) -> str:
    """A topic tree is in one language, a site in several: it may translate names in the context "topic"."""
    return pgettext("topic", name)


def _titles(page_ids: Iterable[int], site_id: int) -> dict[int, str]:
    """Of visible pages only: a page that was taken back is not named any more."""
    return dict(visible_pages(site_id).filter(pk__in=page_ids).values_list("pk", "title"))
