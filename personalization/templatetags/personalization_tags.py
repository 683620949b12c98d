"""`{% recommended %}`: recommendations in a template. Whatever goes wrong, the page is not broken by it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import swapper
from django import template
from django.db import connection, transaction
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString

from personalization import operations
from personalization.conf import settings
from personalization.exceptions import UnknownPlacement
from personalization.operations import RecommendedItem
from personalization.types import Slate
from personalization.visitors import affinity_of

if TYPE_CHECKING:
    from django.http import HttpRequest
    from wagtail.models import Page

logger = logging.getLogger(__name__)
register = template.Library()
T = TypeVar("T")

ARGUMENTS = {"n", "page", "heading", "personal", "exclude"}
FALLBACK_N = 4


@dataclass(frozen=True, slots=True)
class Ask:
    """The tag's arguments with their values, and what the page around it gives."""

    placement: str
    request: HttpRequest | None
    page: Page | None
    n: int | None
    heading: str
    is_personal: bool
    exclude: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    slate: Slate
    items: list[RecommendedItem]
    heading: str = ""
    fragment_url: str = ""


@register.tag
def recommended(parser: Parser, token: Token) -> RecommendedNode:
    """Recommendations for a placement.

    `{% recommended "sidebar" n=4 %}` renders a list from a template. The list is the same for everybody, so that
    the page may be cached by anybody; affinity.js puts the visitor's own in its place after consent.
    `{% recommended "sidebar" as items %}…{% endrecommended %}` renders your own markup: each item has `page`,
    `url`, `title`, `score`, `reasons`, `position` and `slate_id`.

    Arguments: the placement's name; `n`; `page` (the template's own page if left out); `heading` (the placement's
    own if left out); `personal=True` renders for the visitor at once, and makes the response private; `exclude`, a
    page, pages or their ids that the screen shows already. What other placements show is left out by itself.
    """
    name, *bits = token.split_contents()
    if not bits:
        raise template.TemplateSyntaxError(f'{name!r} needs the name of a placement, as in {{% {name} "sidebar" %}}.')
    variable = None
    if len(bits) > 2 and bits[-2] == "as":
        variable = bits[-1]
        bits = bits[:-2]
    placement = parser.compile_filter(bits[0])
    rest = bits[1:]
    arguments = token_kwargs(rest, parser)
    if rest or set(arguments) - ARGUMENTS:
        known = ", ".join(sorted(ARGUMENTS))
        raise template.TemplateSyntaxError(f"{name!r} takes a placement, {known}; not {' '.join(bits[1:])!r}.")
    nodelist = None
    if variable:
        nodelist = parser.parse((f"end{name}",))
        parser.delete_first_token()
    return RecommendedNode(placement, arguments, variable, nodelist)


class RecommendedNode(template.Node):
    def __init__(
        self,
        placement: FilterExpression,
        arguments: Mapping[str, FilterExpression],
        variable: str | None,
        nodelist: NodeList | None,
    ) -> None:
        self.placement, self.arguments = placement, arguments
        self.variable = variable
        self.nodelist = nodelist or NodeList()

    def render(self, context: template.Context) -> SafeString:
        if not self.variable:
            return self._first_that_works(context, _html) or SafeString()
        with context.push(**{self.variable: self._first_that_works(context, lambda ask, answer: answer.items) or []}):
            return self.nodelist.render(context)

    def _first_that_works(self, context: template.Context, finish: Callable[[Ask, Answer], T]) -> T | None:
        """What was asked for, else the newest pages, else None; why is in the log."""
        for answer_to in (_recommended, _newest):
            try:
                with _savepoint():
                    ask = self._ask(context)
                    return finish(ask, answer_to(ask))
            except UnknownPlacement as error:
                logger.warning("%s Create it under Affinity → Placements; until then come the newest pages.", error)
            except Exception:
                logger.exception("{%% recommended %s %%} failed.", self.placement)
        return None

    def _ask(self, context: template.Context) -> Ask:
        values = {key: value.resolve(context) for key, value in self.arguments.items()}
        page = values["page"] if "page" in values else context.get("page")
        return Ask(
            placement=str(self.placement.resolve(context)),
            request=context.get("request"),
            page=page if isinstance(page, swapper.load_model("wagtailcore", "Page")) else None,
            n=_number(values.get("n")),
            heading=str(values.get("heading") or ""),
            is_personal=bool(values.get("personal")),
            exclude=_page_ids(values.get("exclude")),
        )


def _recommended(ask: Ask) -> Answer:
    screen = operations.screen_of(ask.request)
    query = operations.query_for_request(
        ask.request,
        ask.placement,
        ask.page,
        ask.n,
        is_personal=ask.is_personal and ask.request is not None,
        exclude=ask.exclude | screen.beside(ask.placement),
    )
    slate = operations.recommend(query)
    screen.show((item.page_id for item in slate.items), ask.placement)
    heading = ask.heading or operations.load_placement(ask.placement).title
    if ask.is_personal and ask.request is not None:
        affinity_of(ask.request).is_in_response = True
        operations.record_served(slate, query)
        return Answer(slate, operations.render_items(slate, ask.request), heading)
    url = "" if _is_preview(ask.request) else operations.fragment_url(query, ask.exclude | screen.of_template)
    return Answer(slate, operations.render_items(slate, ask.request), heading, url)


def _newest(ask: Ask) -> Answer:
    unwanted = ask.exclude
    if ask.is_personal and ask.request is not None:
        affinity = affinity_of(ask.request)
        affinity.is_in_response, unwanted = True, unwanted | operations.unwanted_pages(affinity.profile)
    slate = operations.recommend_recent(ask.request, ask.page, ask.n or FALLBACK_N, unwanted)
    return Answer(slate, operations.render_items(slate, ask.request), ask.heading)


def _is_preview(request: HttpRequest | None) -> bool:
    """Whether an editor looks at the page as somebody else: nothing may be put in the list's place then."""
    if request is None:
        return False
    affinity = affinity_of(request)
    return affinity.is_preview or affinity.forced_segments is not None


def _html(ask: Ask, answer: Answer) -> SafeString:
    container = operations.render_html(answer.slate, answer.items, ask.request, fragment_url=answer.fragment_url)
    if not container:
        return SafeString()
    context = {"container": container, "heading": answer.heading, "placement": answer.slate.placement}
    return render_to_string("personalization/placement.html", context, ask.request)


def _number(value: Any) -> int | None:
    """A list length that can be asked for; None, the placement's own, where the template gives no such number."""
    if value in (None, ""):
        return None
    try:
        return min(max(int(value), 1), int(settings.MAX_ITEMS))
    except (TypeError, ValueError, OverflowError):
        logger.warning("{%% recommended n=%r %%}: n is no whole number, so that the placement's own holds.", value)
        return None


def _page_ids(value: Any) -> frozenset[int]:
    """Of a page, an id, or any nesting of lists of them; whatever else is in it, is left out."""
    if isinstance(value, swapper.load_model("wagtailcore", "Page")):
        return frozenset([value.pk] if value.pk else [])
    if isinstance(value, int):
        return frozenset([value])
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return frozenset().union(*map(_page_ids, value))
    return frozenset()


def _savepoint() -> AbstractContextManager[Any]:
    """Where the page is rendered inside a transaction, what fails here must not fail its other queries."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


@register.simple_tag(takes_context=True)
def already_shown(context: template.Context, *pages: Any) -> str:
    """Says what the screen shows, as in `{% already_shown lead newest %}`: lists further down leave it out.

    Takes pages, their ids, and lists of them. Renders nothing.
    """
    operations.screen_of(context.get("request")).show(_page_ids(pages))
    return ""


@register.inclusion_tag("personalization/consent_banner.html", takes_context=True)
def affinity_consent(context: template.Context, banner: bool | None = None) -> dict[str, Any]:
    """affinity.js and the consent banner: once in the base template, before `</body>`.

    The same for every visitor, so that the page may be cached by anybody: the script asks for the consent.
    `banner=False`, or the setting CONSENT_BANNER, leaves asking to a consent platform, which calls
    `affinity.consent({analytics: true, personalization: true})`.
    """
    request = context.get("request")
    try:
        urls = {f"{name}_url": reverse(f"personalization_api:{name}") for name in ("consent", "events")}
    except NoReverseMatch:
        logger.warning("Include personalization.api.urls in the site's URLs; until then nobody can consent.")
        return {}
    if _is_preview(request):
        return {}
    has_banner = settings.CONSENT_BANNER if banner is None else banner
    return {**urls, "banner": has_banner, "page_id": _public_page_id(context.get("page"))}


@register.simple_tag
def privacy_settings(label: str = "", css_class: str = "") -> SafeString:
    """A button that opens the consent banner again, for the footer. Nothing where a consent platform asks instead."""
    if not settings.CONSENT_BANNER:
        return SafeString()
    context = {"label": label, "css_class": css_class}
    return render_to_string("personalization/privacy_settings.html", context)


def _public_page_id(page: Any) -> int | None:
    """The page whose reading may be counted: not one that only some may see, nor one of which that is not known."""
    if not (isinstance(page, swapper.load_model("wagtailcore", "Page")) and page.pk and page.live):
        return None
    try:
        with _savepoint():
            return None if page.get_view_restrictions().exists() else page.pk
    except Exception:
        logger.exception("{%% affinity_consent %%} could not tell whether page %s is public.", page.pk)
        return None
