"""The visitor's own page: what is stored, in plain words, and the forms that change it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from personalization.conf import settings
from personalization.operations.known import Known, KnownPage, KnownTopic, known_of
from personalization.operations.rights import export
from personalization.visitors import affinity_of, grants, preferences

from .guard import own_data, posted_from_here

Shown = TypeVar("Shown", KnownTopic, KnownPage)


@own_data
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The page. A browser that says no by itself has what an earlier yes left deleted, as the API does."""
    affinity = affinity_of(request)
    known = known_of(affinity.known_id, request) if affinity.known_id else None
    context = {
        "base_template": settings.BASE_TEMPLATE,
        "known": known,
        "refusal": affinity.refusal,
        "is_editor": affinity.is_editor,
        **_notice(request, known),
    }
    response = render(request, "personalization/you.html", context)
    if affinity.refusal:
        grants.withdraw(request, response)
    return response


@own_data
@require_POST
def change_topic(request: HttpRequest, topic: int) -> HttpResponse:
    """Like or mute a topic, or take back either."""
    wanted = next((known for known in preferences.PREFERENCES if known == request.POST.get("preference")), None)
    visitor_id = affinity_of(request).known_id
    if visitor_id and wanted and preferences.prefer_topic(visitor_id, topic, wanted):
        return _back(done=wanted, topic=topic)
    return _back()


@own_data
@posted_from_here
@require_POST
def change_page(request: HttpRequest, page: int) -> HttpResponse:
    """Hide a page, or show it again. Its form may stand in any list of recommendations."""
    is_hidden = request.POST.get("hidden") == "1"
    visitor_id = affinity_of(request).known_id
    if visitor_id and preferences.hide_page(visitor_id, page, is_hidden):
        return _back(done="hidden" if is_hidden else "shown", page=page)
    return _back()


@own_data
@require_POST
def start_again(request: HttpRequest) -> HttpResponse:
    """Forget what was read."""
    visitor_id = affinity_of(request).known_id
    done = visitor_id is not None and preferences.reset(visitor_id)
    return _back(done="reset") if done else _back()


@own_data
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """Everything that is stored, as a file."""
    visitor_id = affinity_of(request).known_id
    found = export(visitor_id) if visitor_id else None
    response = JsonResponse(found or {"visitor": None}, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@own_data
@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Delete everything, and the cookie."""
    response = _back(done="deleted")
    grants.withdraw(request, response)
    return response


def _back(**query: Any) -> HttpResponseRedirect:
    """To the page, which says what was done. In the address, not in a cookie: some visitors want none."""
    url = reverse("personalization_you:page")
    return HttpResponseRedirect(f"{url}?{urlencode(query)}" if query else url)


def _notice(request: HttpRequest, known: Known | None) -> dict[str, Any]:
    """What was done just now, as far as it is true: an address may be anybody's invention."""
    done = request.GET.get("done", "")
    if done == "deleted":
        return {"done": done} if known is None else {}
    if known is None:
        return {}
    if done in ("like", "mute", "none"):
        topic = _with_id((*known.topics, *known.muted_topics), request.GET.get("topic"))
        is_so = topic and {"like": topic.is_liked, "mute": topic.is_muted}.get(done, True)
        return {"done": done, "done_topic": topic} if is_so else {}
    if done in ("hidden", "shown"):
        page = _with_id(known.hidden_pages, request.GET.get("page"))
        return {"done": done, "done_page": page} if bool(page) == (done == "hidden") else {}
    return {"done": done} if done in ("reset", "answered") else {}


def _with_id(known: Iterable[Shown], wanted: str | None) -> Shown | None:
    return next((one for one in known if str(one.id) == wanted), None)
