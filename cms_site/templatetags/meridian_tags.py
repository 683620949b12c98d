"""Template tags of the reference site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.db.models import prefetch_related_objects
from django.utils.translation import get_language, get_language_info
from wagtail.models import Page

from cms_site import listings, navigation
from cms_site.models import ArticlePage
from cms_site.navigation import Section
from personalization.operations import RecommendedItem

register = template.Library()


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """Where the reader finds the site in another language. `is_translation`: the same page, not the home page."""

    code: str
    name: str
    url: str
    full_url: str
    is_current: bool
    is_translation: bool


@dataclass(frozen=True, slots=True)
class RecommendedCard:
    """A recommended article with the section it is shown under."""

    item: RecommendedItem
    article: ArticlePage
    section: Section | None


@register.simple_tag(takes_context=True)
def language_links(context: Mapping[str, Any], page: object = None) -> list[LanguageLink]:
    """One link for each content language: to the page's translation, or else to that language's home page."""
    request = context.get("request")
    if request is None:
        return []
    home = navigation.of(request).home
    homes = translations(home)
    pages = translations(page) if isinstance(page, Page) and page != home else {}
    links = []
    for code, _name in settings.WAGTAIL_CONTENT_LANGUAGES:
        target = pages.get(code) or homes.get(code)
        if target is not None:
            links.append(
                LanguageLink(
                    code=code,
                    name=get_language_info(code)["name_local"].capitalize(),
                    url=target.get_url(request) or "/",
                    full_url=target.get_full_url(request) or "",
                    is_current=code == get_language(),
                    is_translation=code in pages or page == home,
                )
            )
    return links


def translations(page: Page | None) -> dict[str, Page]:
    """Language code → the page in that language, itself included, as far as everybody may read it."""
    if page is None or not page.pk:
        return {}
    found = Page.objects.filter(translation_key=page.translation_key).live().public().select_related("locale")
    return {translation.locale.language_code: translation for translation in found}


@register.simple_tag(takes_context=True)
def recommended_cards(context: Mapping[str, Any], items: Sequence[RecommendedItem]) -> list[RecommendedCard]:
    """Recommended articles as the site's own cards; sections and pictures come in a fixed number of queries."""
    articles = [item.page for item in items if isinstance(item.page, ArticlePage)]
    prefetch_related_objects(articles, "lead_image__renditions")
    cards = {card.article.pk: card for card in listings.cards_of(articles, navigation.of(context["request"]))}
    return [
        RecommendedCard(item, cards[item.page.pk].article, cards[item.page.pk].section)
        for item in items
        if item.page.pk in cards
    ]


@register.simple_tag(takes_context=True)
def query_with(context: Mapping[str, Any], **changes: Any) -> str:
    """The request's query string with `changes`; a value of None or "" removes its key."""
    query = {**context["request"].GET.dict(), **changes}
    kept = {key: value for key, value in query.items() if value not in (None, "")}
    return f"?{urlencode(kept)}" if kept else "?"
