"""`fragments/<placement>/`: the same list as HTML, which affinity.js puts into a page that was cached for everybody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.request import Request

from personalization import operations
from personalization.operations import RecommendedItem
from personalization.types import Slate

from .base import PersonalizationView
from .openapi import described
from .parameters import NAME, QUERY, REFERRER, ListParameters, read_parameters


class FragmentView(PersonalizationView):
    """A placement's list for whoever asks, as HTML."""

    rate_setting = "RECOMMENDATIONS_RATE"

    @described(
        operation_id="fragment",
        summary="Recommend pages as HTML",
        parameters=[
            OpenApiParameter(
                "placement",
                {"type": "string", "pattern": NAME.replace(r"\Z", "$")},
                "path",
                description="The name of a placement.",
            ),
            OpenApiParameter("If-None-Match", str, "header", description="The ETag of the list the browser has."),
            ListParameters,
            REFERRER,
            QUERY,
        ],
        responses={
            (200, "text/html"): OpenApiTypes.STR,
            304: OpenApiResponse(description="The list that the browser has is still right."),
        },
    )
    def get(self, request: Request, placement: str) -> HttpResponseBase:
        """The container with the list in it, or nothing where there is nothing to recommend.

        The ETag names the pages, reasons and segments of the list, so that a list that did not change is not
        sent, nor logged as served, again.
        """
        parameters = ListParameters(data=request.query_params.dict())
        parameters.is_valid(raise_exception=True)
        asked = read_parameters(parameters, placement, request)
        with translation.override(asked.locale.language_code):
            query = operations.query_for_request(
                request._request, asked.placement, asked.page, asked.n, locale=asked.locale, exclude=asked.exclude
            )
            slate = operations.recommend(query)
            items = operations.render_items(slate, request._request)
            etag = _etag(slate, items, asked.locale.language_code)
            if etag in _known(request._request):
                return _private(HttpResponse(status=HTTPStatus.NOT_MODIFIED), etag)
            operations.record_served(slate, query)
            return _private(HttpResponse(operations.render_html(slate, items, request._request)), etag)


def _etag(slate: Slate, items: Sequence[RecommendedItem], language: str) -> str:
    """Weak: the slate's id differs each time, what a reader sees does not."""
    shown = [
        (item.page.pk, item.url, item.title, item.hide_url, [reason.text for reason in item.reasons]) for item in items
    ]
    content = repr((slate.placement, sorted(slate.segments), language, shown))
    return f'W/"{hashlib.blake2b(content.encode(), digest_size=16).hexdigest()}"'


def _known(request: HttpRequest) -> set[str]:
    return {tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")}


def _private(response: HttpResponse, etag: str) -> HttpResponse:
    """Kept by this browser alone, and asked for anew each time: the list may change with every page read."""
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ("Cookie", "Accept-Language"))
    return response
