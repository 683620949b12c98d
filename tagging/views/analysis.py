"""What the panel of the page editor asks for: its content, decisions on topics, a new analysis."""

from __future__ import annotations

from typing import Any

import swapper
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tagging import operations, tasks
from tagging.exceptions import EditConflict
from tagging.models import Suggestion, Topic
from tagging.panels import PanelContent, panel_content

from .permissions import get_editable_page
from .problems import answering_problems

DECISIONS = {
    "accept": operations.accept,
    "add": operations.add,
    "reject": operations.reject,
    "undo": operations.undo,
}


@require_GET
@answering_problems
def panel(request: HttpRequest, page_id: int) -> HttpResponse:
    """The panel as it stands now."""
    page = get_editable_page(request, page_id)
    content = panel_content(page, request.user)
    return JsonResponse(_rendered(content, request))


@require_POST
@answering_problems
def decide(request: HttpRequest, page_id: int, topic_id: int, decision: str) -> HttpResponse:
    """Accept, add, reject or undo. Answers with the panel and with what the open form has to follow.

    `tag` is {field, name, on} where the tag field of the page's newest draft changed or has the tag; `revision`
    is {id, created_at, replaces} where the decision made a new one. Both are null otherwise. `undo` is where
    to post in order to take the decision back; null where there is nothing to take back.
    """
    page = get_editable_page(request, page_id)
    with transaction.atomic():
        # From here on nobody else can save: what is told to be replaced is what the decision has replaced.
        operations.lock_page(page_id)
        before = _latest_revision(page_id)
        had_written = Suggestion.objects.filter(page_id=page_id, topic_id=topic_id, wrote_tag=True).exists()
        try:
            suggestion = DECISIONS[decision](page_id, topic_id, request.user)
        except (Suggestion.DoesNotExist, Topic.DoesNotExist):
            raise Http404 from None
        after = _latest_revision(page_id)
    content = panel_content(page, request.user)
    return JsonResponse(
        _rendered(content, request)
        | {
            "message": _message(decision, suggestion, content),
            "topic": topic_id,
            "undo": _undo_url(suggestion),
            "tag": _form_tag(page_id, suggestion, removed=had_written and not suggestion.wrote_tag),
            "revision": after | {"replaces": before} if after and after != before else None,
        }
    )


@require_POST
@answering_problems
def analyze(request: HttpRequest, page_id: int) -> HttpResponse:
    """Queue the page, whether or not it has changed."""
    page = get_editable_page(request, page_id)
    if not operations.mark_stale([page_id], again=True):
        raise EditConflict(_("Only published pages are analysed, and not every page type. Publish the page first."))
    tasks.wake_worker()
    content = panel_content(page, request.user)
    return JsonResponse(_rendered(content, request) | {"message": _("The page is waiting to be analysed again.")})


def _rendered(content: PanelContent, request: HttpRequest) -> dict[str, Any]:
    """What every answer has: the panel's HTML, the number of open suggestions, whether to ask again soon."""
    html = render_to_string("tagging/panel/content.html", {"content": content}, request)
    return {"html": html, "count": len(content.suggested), "busy": content.is_busy, "message": _summary(content)}


def _summary(content: PanelContent) -> str:
    analysis = content.analysis
    if analysis is None:
        return _("The page has not been analysed.")
    return f"{analysis.get_state_display()}. {_open_suggestions(content)}"


def _open_suggestions(content: PanelContent) -> str:
    count = len(content.suggested)
    return ngettext("%(count)d suggestion is open.", "%(count)d suggestions are open.", count) % {"count": count}


def _message(decision: str, suggestion: Suggestion, content: PanelContent) -> str:
    said = {
        "accept": _("Accepted “%(topic)s”."),
        "add": _("Added “%(topic)s”."),
        "reject": _("Rejected “%(topic)s”: it will never be suggested for this page again."),
        "undo": _("Took back the decision on “%(topic)s”."),
    }
    return f"{said[decision] % {'topic': suggestion.topic}} {_open_suggestions(content)}"


def _undo_url(suggestion: Suggestion) -> str | None:
    if suggestion.decided_at is None:
        return None
    return reverse("affinity_analysis:decide", args=[suggestion.page_id, suggestion.topic_id, "undo"])


def _latest_revision(page_id: int) -> dict[str, Any] | None:
    """The newest revision, as the editor's form names it."""
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk=page_id, latest_revision__isnull=False)
    found = pages.values_list("latest_revision_id", "latest_revision__created_at").first()
    return {"id": found[0], "created_at": found[1].isoformat()} if found else None


def _form_tag(page_id: int, suggestion: Suggestion, *, removed: bool) -> dict[str, Any] | None:
    """The tag that the open form must gain or lose, so that saving it does not undo the decision."""
    accepted = suggestion.state == Suggestion.State.ACCEPTED
    if not (accepted or removed):
        return None
    found = operations.draft_tag(page_id, suggestion.topic.name)
    if found is None or found.present != accepted:
        return None
    return {"field": found.field, "name": found.name, "on": accepted}
