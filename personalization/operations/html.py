"""A slate as HTML: what the template tag puts into a page and the fragment endpoint puts in its place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from wagtail.models import Locale

from personalization.types import RecQuery, Slate
from personalization.visitors import segments

from .items import RecommendedItem

if TYPE_CHECKING:
    from django.http import HttpRequest


def render_html(
    slate: Slate,
    items: Sequence[RecommendedItem],
    request: HttpRequest | None,
    *,
    fragment_url: str = "",
) -> str:
    """The container that affinity.js knows, with the list in it; "" where there are no items.

    A visitor's own list says so where there are none: what everybody sees must not stay in its place.

    The list is `personalization/recommended/<placement>.html` where a site has it, else
    `personalization/recommended.html`. Where `fragment_url` is given, affinity.js puts what is found there in the
    container's place once the visitor consented.
    """
    if not items and not slate.is_personal:
        return ""
    context = {"items": items, "placement": slate.placement, "slate": slate, "fragment_url": fragment_url}
    if fragment_url:
        context["parameters"] = " ".join(sorted(map(quote, segments.asked_parameters())))
    templates = ["personalization/recommended.html"]
    if slate.placement:
        templates.insert(0, f"personalization/recommended/{slate.placement}.html")
    context["list"] = render_to_string(templates if items else "personalization/no_items.html", context, request)
    return render_to_string("personalization/container.html", context, request)


def fragment_url(query: RecQuery, exclude: Collection[int] = ()) -> str:
    """Where a visitor's own variant of this list is; "" where the site does not include the API's URLs.

    `exclude` are pages that stay on the screen; affinity.js adds what other lists on it show by then.
    """
    try:
        url = reverse("personalization_api:fragment", args=[query.placement])
    except NoReverseMatch:
        return ""
    locale = Locale.objects.get(pk=query.locale_id).language_code
    parameters = {"page": query.page_id, "n": query.n, "locale": locale}
    if exclude:
        parameters["exclude"] = ",".join(map(str, sorted(exclude)))
    return f"{url}?{urlencode({key: value for key, value in parameters.items() if value is not None})}"
