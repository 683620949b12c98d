"""Ten pages that the model is least sure about, asked one by one: does the topic fit?"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tagging.models import Topic
from tagging.operations.teaching import KIND, undecided

from .permissions import unlocked_pages
from .problems import problem
from .topic_pages import editable_titles
from .topic_questions import ask_worker, collect_answer, for_those_who
from .topic_tools import TopicToolView


class TopicTeachView(TopicToolView):
    """Asks a worker for the pages as soon as it is open."""

    template_name = "tagging/topics/teach.html"
    page_title = gettext_lazy("Teach")


@require_POST
@for_those_who("change")
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a worker which of the pages that the user may decide on it is least sure about."""
    topic = get_object_or_404(Topic, pk=pk)
    pages = undecided(topic, unlocked_pages(request.user))
    if not pages:
        return problem(409, "Conflict", _("There is no page left to ask about: all that were analysed are decided."))
    question = {"topic": topic.pk, "pages": pages}
    return ask_worker(request, KIND, question, "affinity_topics:teach_answer", _("Looking for the most telling pages…"))


@require_GET
@for_those_who("change")
def answer(request: HttpRequest, inquiry_id: UUID) -> HttpResponse:
    """The pages, as cards with yes, no and skip."""

    def render(question: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
        topic = get_object_or_404(Topic, pk=question["topic"])
        cards = _cards(request.user, topic, found["pages"])
        context = {"topic": topic, "cards": cards, "texts": json.dumps(texts())}
        html = render_to_string("tagging/topics/teach_cards.html", context, request)
        return {"html": html, "message": _("Does “%(topic)s” fit?") % {"topic": topic}}

    return collect_answer(request, inquiry_id, render)


def texts() -> dict[str, str]:
    """What `tagging/static/tagging/teach.js` says by itself. The browser fills in what stands in braces."""
    return {
        "progress": _("{number} of {total}"),
        "yes": _("Yes: “{page}”."),
        "no": _("No: “{page}”."),
        "skip": _("Skipped: “{page}”."),
        "undo": _("Taken back: “{page}”."),
        "finished": _("{yes} yes, {no} no, {skip} skipped."),
        "offline": _("The server could not be reached. Nothing was changed; try again."),
    }


def _cards(user: Any, topic: Topic, pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    titles = editable_titles(user, [page["id"] for page in pages])
    return [
        {
            **page,
            "evidence": "" if page["evidence"] in page["excerpt"] else page["evidence"],
            "title": titles[page["id"]],
            "urls": _urls(page["id"], topic.pk),
        }
        for page in pages
        if page["id"] in titles
    ]


def _urls(page_id: int, topic_id: int) -> dict[str, str]:
    decisions = {"yes": "add", "no": "reject", "undo": "undo"}
    return {
        name: reverse("affinity_analysis:decide", args=[page_id, topic_id, decision])
        for name, decision in decisions.items()
    }
