"""Pages on their way from one topic to another: a page with a progress bar that asks for one step after the other.

What is to be done is kept in the session, so that a page that was reloaded, or a server that was restarted,
goes on where it stood. Each step is short; the work itself can be broken off anywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin

from tagging import operations
from tagging.exceptions import TopicInUse
from tagging.models import Topic

from .problems import problem
from .topic_pages import editable_titles
from .topic_tools import may

SESSION_KEY = "affinity_topic_move"
STEP_SECONDS = 3.0
MERGE, SPLIT = "merge", "split"
NEEDED = {MERGE: ("change", "delete"), SPLIT: ("add", "change")}


@dataclass(frozen=True, slots=True)
class Move:
    """What was asked for. `pages` are those that a split still has to move; a merge moves all there are."""

    kind: str
    source: int
    target: int
    source_name: str
    target_name: str
    total: int
    keep_words: bool = True
    pages: list[int] = field(default_factory=list)


def start(request: HttpRequest, move: Move) -> HttpResponse:
    """Remember what is to be done, and show its progress."""
    request.session[SESSION_KEY] = asdict(move)
    return redirect("affinity_topics:moving")


class MovingView(WagtailAdminTemplateMixin, TemplateView):
    """The progress bar."""

    template_name = "tagging/topics/moving.html"
    header_icon = "affinity-topics"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        move = _current(request)
        if move is None:
            return redirect("affinity_topics:index")
        self.page_title = _("Merging") if move.kind == MERGE else _("Splitting")
        return self.render_to_response(self.get_context_data(move=move, status=_status(move, _left(move))))

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        topics = {"url": reverse("affinity_topics:index"), "label": _("Topics")}
        return [*self.breadcrumbs_items, topics, {"url": "", "label": self.page_title}]


@require_POST
def step(request: HttpRequest) -> HttpResponse:
    """Move some pages. {"left", "done", "message", "blocked": [{"title", "reason"}], "url": where to go at the end}."""
    move = _current(request)
    if move is None:
        return JsonResponse({"left": 0, "blocked": [], "url": reverse("affinity_topics:index")})
    if not may(request.user, *NEEDED[move.kind]):
        raise PermissionDenied
    try:
        left, blocked, is_finished = _advance(request, move)
    except TopicInUse as error:
        return problem(409, "Conflict", str(error))
    except Topic.DoesNotExist:
        del request.session[SESSION_KEY]
        return problem(404, "Not Found", _("One of the two topics is gone."))
    return JsonResponse(
        {
            "left": left,
            "done": max(move.total - left, 0),
            "message": _status(move, left),
            "blocked": _described(request.user, blocked),
            "url": _finish(request, move) if is_finished else None,
        }
    )


def _current(request: HttpRequest) -> Move | None:
    kept = request.session.get(SESSION_KEY)
    return Move(**kept) if kept else None


def _left(move: Move) -> int:
    return len(move.pages) if move.kind == SPLIT else move.total


def _advance(request: HttpRequest, move: Move) -> tuple[int, dict[int, str], bool]:
    """How many pages are left, which of them cannot be moved now and why, and whether all is done."""
    target = Topic.objects.get(pk=move.target)
    source = Topic.objects.filter(pk=move.source).first()
    if move.kind == MERGE:
        if source is None:  # a step before, whose answer got lost
            return 0, {}, True
        done = operations.merge_topics(source, target, request.user, keep_words=move.keep_words, seconds=STEP_SECONDS)
        return done.left, done.blocked, done.is_finished
    if source is None:
        raise Topic.DoesNotExist
    report = operations.retag(move.pages, source, target, request.user, seconds=STEP_SECONDS)
    left = [pk for pk in move.pages if pk not in report.moved]
    request.session[SESSION_KEY] = asdict(replace(move, pages=left))
    return len(left), report.blocked, not left


def _finish(request: HttpRequest, move: Move) -> str:
    request.session.pop(SESSION_KEY, None)
    names = {"source": move.source_name, "target": move.target_name}
    if move.kind == MERGE:
        text = _("“%(source)s” is now part of “%(target)s”.") % names
    else:
        text = ngettext(
            "%(count)d page went from “%(source)s” to “%(target)s”.",
            "%(count)d pages went from “%(source)s” to “%(target)s”.",
            move.total,
        ) % {**names, "count": move.total}
    messages.success(request, text)
    return reverse("affinity_topics:inspect", args=[move.target])


def _status(move: Move, left: int) -> str:
    done = {"done": max(move.total - left, 0), "total": move.total}
    return ngettext("%(done)d of %(total)d page", "%(done)d of %(total)d pages", move.total) % done


def _described(user: Any, blocked: dict[int, str]) -> list[dict[str, str]]:
    titles = editable_titles(user, blocked)
    unnamed = _("A page that you may not edit")
    return [{"title": titles.get(pk, unnamed), "reason": reason} for pk, reason in blocked.items()]
