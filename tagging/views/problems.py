"""Errors of the panel's endpoints, as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from tagging.exceptions import EditConflict

View = Callable[..., HttpResponse]


def problem(status: int, title: str, detail: str) -> JsonResponse:
    """One problem; `detail` is for the editor to read."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")


def answering_problems(view: View) -> View:
    """Let a view answer what it raises with a problem that says what to do."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Http404:
            return problem(404, "Not Found", _("The page, or this topic on it, is gone. Reload the editor."))
        except PermissionDenied:
            return problem(403, "Forbidden", _("You may not edit this page."))
        except EditConflict as conflict:
            return problem(409, "Conflict", str(conflict))

    return wrapped
