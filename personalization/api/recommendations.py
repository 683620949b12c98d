"""`recommendations/`: a placement's list for whoever asks, as JSON."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from wagtail.models import Locale

from personalization import operations
from personalization.operations import RecommendedItem
from personalization.types import Slate

from .base import PersonalizationView
from .openapi import described
from .parameters import QUERY, REFERRER, RecommendationParameters, read_parameters


class ReasonShape(serializers.Serializer[Any]):
    code = serializers.CharField(
        help_text=gettext_lazy(
            "pinned, topic, read, profile, same_topic, entity, terms, similar, trending, next, together, alike, "
            "series, new, recent or suggested; a source of the site's own adds its name."
        )
    )
    text = serializers.CharField(help_text=gettext_lazy("The reason in the locale's language."))


class ItemMeta(serializers.Serializer[Any]):
    type = serializers.CharField(help_text=gettext_lazy("The page's type, as app.Model."))
    detail_url = serializers.CharField(
        allow_null=True, help_text=gettext_lazy("The page in Wagtail's own API v2, where the site has it.")
    )
    html_url = serializers.CharField(allow_null=True, help_text=gettext_lazy("The page for readers."))
    slug = serializers.CharField()
    first_published_at = serializers.DateTimeField(allow_null=True)
    locale = serializers.CharField()


class Item(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    meta = ItemMeta()
    title = serializers.CharField()
    score = serializers.FloatField(help_text=gettext_lazy("The ranker's score, 0 to 1. Keep the order of the items."))
    reasons = ReasonShape(many=True, help_text=gettext_lazy("At most two, the strongest first."))
    slate = serializers.UUIDField(help_text=gettext_lazy("Send it back with events about this item."))


class ListMeta(serializers.Serializer[Any]):
    total_count = serializers.IntegerField(help_text=gettext_lazy("The number of items."))
    placement = serializers.CharField()
    slate = serializers.UUIDField()
    segments = serializers.ListField(
        child=serializers.IntegerField(), help_text=gettext_lazy("Ids of the segments that the list was made for.")
    )


EXAMPLE = {
    "meta": {
        "total_count": 1,
        "placement": "sidebar",
        "slate": "6f6a1d0e-8f52-4b0e-9c2f-0d4c6a0f4b1e",
        "segments": [2],
    },
    "items": [
        {
            "id": 42,
            "meta": {
                "type": "cms_site.ArticlePage",
                "detail_url": None,
                "html_url": "https://example.org/articles/a-bridge-for-bicycles/",
                "slug": "a-bridge-for-bicycles",
                "first_published_at": "2026-03-01T09:00:00Z",
                "locale": "en",
            },
            "title": "A bridge for bicycles",
            "score": 0.93,
            "reasons": [{"code": "topic", "text": "More on Urban cycling"}],
            "slate": "6f6a1d0e-8f52-4b0e-9c2f-0d4c6a0f4b1e",
        }
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("A list of one", value=EXAMPLE, response_only=True)])
class Recommendations(serializers.Serializer[Any]):
    meta = ListMeta()
    items = Item(many=True)


class RecommendationsView(PersonalizationView):
    """Recommendations for a placement."""

    rate_setting = "RECOMMENDATIONS_RATE"

    @described(
        operation_id="recommendations",
        summary="Recommend pages",
        parameters=[RecommendationParameters, REFERRER, QUERY],
        responses=Recommendations,
    )
    def get(self, request: Request) -> Response:
        """Pages for this placement, beside this page, for the visitor that the cookie names, if any.

        Items have the shape of Wagtail's API v2, with `score`, `reasons` and `slate`. Whatever the site's
        settings and segments, only pages that anybody may see on this site, in one locale, are recommended.
        """
        parameters = RecommendationParameters(data=request.query_params.dict())
        parameters.is_valid(raise_exception=True)
        asked = read_parameters(parameters, parameters.validated_data["placement"], request)
        with translation.override(asked.locale.language_code):
            query = operations.query_for_request(
                request._request, asked.placement, asked.page, asked.n, locale=asked.locale, exclude=asked.exclude
            )
            slate = operations.recommend(query)
            body = _body(slate, operations.render_items(slate, request._request), asked.locale, request)
        operations.record_served(slate, query)
        response = Response(body, headers={"Cache-Control": "private, no-store"})
        patch_vary_headers(response, ("Cookie",))
        return response


def _body(slate: Slate, items: list[RecommendedItem], locale: Locale, request: Request) -> dict[str, Any]:
    return {
        "meta": {
            "total_count": len(items),
            "placement": slate.placement,
            "slate": str(slate.slate_id),
            "segments": sorted(slate.segments),
        },
        "items": [_item(item, locale, request) for item in items],
    }


def _item(item: RecommendedItem, locale: Locale, request: Request) -> dict[str, Any]:
    page = item.page
    published = page.first_published_at
    return {
        "id": page.pk,
        "meta": {
            "type": page._meta.label,
            "detail_url": _detail_url(page.pk, request),
            "html_url": page.get_full_url(request._request),
            "slug": page.slug,
            "first_published_at": published.isoformat() if published else None,
            "locale": locale.language_code,
        },
        "title": item.title,
        "score": round(item.score, 4),
        "reasons": [{"code": reason.code, "text": reason.text} for reason in item.reasons],
        "slate": str(item.slate_id),
    }


def _detail_url(page_id: int, request: Request) -> str | None:
    try:
        return request.build_absolute_uri(reverse("wagtailapi:pages:detail", args=[page_id]))
    except NoReverseMatch:
        return None
