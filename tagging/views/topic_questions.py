"""Questions about a topic that a worker answers while the editor waits: asked, then polled."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from tagging import operations, tasks
from tagging.exceptions import WorkerUnreachable

from .problems import View, problem
from .topic_tools import topic_policy


def for_those_who(*actions: str) -> Callable[[View], View]:
    """Let only users in who may do any of this to topics; others get a problem to read."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not topic_policy.user_has_any_permission(request.user, actions):
                return problem(403, "Forbidden", _("You may not change topics."))
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def ask_worker(
    request: HttpRequest, kind: str, question: dict[str, Any], answer_url_name: str, message: str
) -> HttpResponse:
    """202 with the URL to poll, and `message` to show until then."""
    try:
        inquiry_id = tasks.ask_worker(kind, question, request.user)
    except WorkerUnreachable as error:
        return problem(503, "Service Unavailable", str(error) or str(WorkerUnreachable.__doc__))
    return JsonResponse({"url": reverse(answer_url_name, args=[inquiry_id]), "message": message}, status=202)


def collect_answer(
    request: HttpRequest, inquiry_id: UUID, render: Callable[[dict[str, Any], dict[str, Any]], dict[str, str]]
) -> HttpResponse:
    """{"done": false} until there is an answer; then `render(question, answer)`: its {"html", "message"}."""
    inquiry = operations.collect(inquiry_id, request.user)
    if inquiry is None:
        return problem(404, "Not Found", _("The answer is gone. Ask again."))
    if inquiry.failure:
        return problem(502, "Bad Gateway", inquiry.failure)
    if inquiry.answer is None:
        return JsonResponse({"done": False})
    return JsonResponse({"done": True} | render(inquiry.question, inquiry.answer))
