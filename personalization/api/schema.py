"""`schema/` and `docs/`: this API's OpenAPI description, and a page to try it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path, reverse
from django.utils.translation import gettext as _
from django.views.generic import View
from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request
from rest_framework.response import Response

from .base import PersonalizationView
from .openapi import described

CONTENT_TYPE = "application/vnd.oai.openapi+json"
VERSION = "1"


def openapi_schema() -> dict[str, Any]:
    """The OpenAPI description of these URLs only, whatever else the site's REST framework serves."""
    prefix = reverse("personalization_api:schema").removesuffix("schema/").lstrip("/")
    generator = SchemaGenerator(patterns=[path(prefix, include("personalization.api.urls"))])  # type: ignore[no-untyped-call]
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    description = _(
        "Recommendations, consent and events of wagtail-affinity. A visitor is known by a cookie that the consent "
        "endpoint sets; without it every answer is the same for everybody. Errors are application/problem+json."
    )
    schema["info"] = {"title": _("Personalisation API"), "version": VERSION, "description": description}
    return schema


class SchemaView(PersonalizationView):
    """The OpenAPI description of this API."""

    rate_setting = "RECOMMENDATIONS_RATE"

    @described(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(openapi_schema(), content_type=CONTENT_TYPE)


class DocsView(View):
    """A page to read and try the API: Swagger UI from this site's own static files, with no inline script."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"schema_url": reverse("personalization_api:schema"), "title": _("Personalisation API")}
        return render(request, "personalization/api_docs.html", context)
