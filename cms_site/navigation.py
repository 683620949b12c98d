"""What every page of the site shows round its content, looked up once a request and only where asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from wagtail.models import Locale, Page, Site

from .models import ArticleIndexPage, HomePage, TopicPage


@dataclass(frozen=True, slots=True)
class Section:
    """A main topic as readers meet it: the topic page of their language. `slug` is the topic's, for colours."""

    topic_id: int
    slug: str
    page: TopicPage


class Navigation:
    """The site's own pages in the language of the request. Each part is one or two queries, at first use."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def locale(self) -> Locale:
        return Locale.get_active()

    @cached_property
    def home(self) -> Page | None:
        site = Site.find_for_request(self.request)
        if site is None:
            return None
        translations = HomePage.objects.filter(translation_key=site.root_page.translation_key, locale=self.locale)
        return translations.live().select_related("locale").first()

    @cached_property
    def index(self) -> Page | None:
        if self.home is None:
            return None
        return ArticleIndexPage.objects.child_of(self.home).live().public().select_related("locale").first()

    @cached_property
    def sections(self) -> list[Section]:
        if self.home is None:
            return []
        pages = TopicPage.objects.child_of(self.home).live().public().select_related("locale", "topic")
        return [Section(page.topic_id, page.topic.slug, page) for page in pages.order_by("path")]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `nav` in every template."""
    return {"nav": SimpleLazyObject(lambda: of(request))}


def of(request: HttpRequest) -> Navigation:
    """The navigation of this request, the same object however often it is asked for."""
    if not hasattr(request, "meridian_navigation"):
        request.meridian_navigation = Navigation(request)  # type: ignore[attr-defined]
    return request.meridian_navigation  # type: ignore[attr-defined, no-any-return]
