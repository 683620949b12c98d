"""What every view about a visitor's own data has in common: kept by no cache, throttled, and asked for from here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework.request import Request
from rest_framework.views import APIView

from personalization.api.origin import is_from_here
from personalization.api.throttling import VisitorThrottle
from personalization.conf import settings

View = Callable[..., HttpResponse]


def own_data(view: View) -> View:
    """For one browser alone: the answer is kept nowhere, and nobody may ask without end."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        throttle = VisitorThrottle("VISITOR_RATE", settings.VISITOR_RATE)
        if throttle.allow_request(Request(request), APIView()):
            response = view(request, *args, **kwargs)
        else:
            message = _("Too many requests. Please try again in a moment.")
            response = HttpResponse(message, status=HTTPStatus.TOO_MANY_REQUESTS, content_type="text/plain")
            response["Retry-After"] = str(int(throttle.wait()) + 1)
        response["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, ("Cookie",))
        return response

    return guarded


def posted_from_here(view: View) -> View:
    """For forms in pages that anybody may cache, which can hold no CSRF token: compares the origin instead.

    Every browser names it with a form; the visitor cookie is SameSite=Lax besides.
    """

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_from_here(request):
            raise PermissionDenied(_("Requests from other origins are refused. See CSRF_TRUSTED_ORIGINS."))
        return view(request, *args, **kwargs)

    return guarded
