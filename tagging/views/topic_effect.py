"""The effect of a topic's changed words, shown beside its form before it is saved: "+14 pages, −3"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from wagtail.admin.panels import Panel

from tagging.models import Topic
from tagging.operations.topic_effect import KIND, comparable_pages

from .problems import problem
from .topic_form import TopicForm
from .topic_pages import editable_titles
from .topic_questions import ask_worker, collect_answer, for_those_who

SHOWN = 20
WORDS = ("name", "description", "synonyms", "parent")


class EffectPanel(Panel):
    """A button that asks what the words in the form would change, and the answer."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "tagging/topics/effect_panel.html"

        class Media:
            js = ["tagging/inquiry.js"]

        def get_context_data(self, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            return context | {"topic": self.instance, "pages": comparable_pages()}


@dataclass(frozen=True, slots=True)
class Change:
    """Some pages that would change alike: how many, and those of them that the user may edit, by id and title."""

    sign: str
    heading: str
    count: int
    pages: list[tuple[int, str]]

    @property
    def more(self) -> int:
        return self.count - len(self.pages)


@require_POST
@for_those_who("add", "change")
def ask(request: HttpRequest) -> HttpResponse:
    """Ask a worker for the effect of the posted form; `topic` is the id of the topic it is of, "" for a new one."""
    topic_id = request.POST.get("topic", "")
    topic = get_object_or_404(Topic, pk=topic_id) if topic_id.isdecimal() else None
    form = TopicForm(request.POST, instance=topic)
    form.is_valid()
    errors = [error for name in WORDS for error in form.errors.get(name, [])]
    if errors:
        return problem(422, "Unprocessable Content", " ".join(errors))
    words = {name: form.cleaned_data[name] for name in ("name", "description", "synonyms")}
    parent = form.cleaned_data["parent"]
    question = {**words, "topic": topic.pk if topic else None, "parent": parent.pk if parent else None}
    pages = comparable_pages()
    message = ngettext("Comparing %(count)d page…", "Comparing %(count)d pages…", pages) % {"count": pages}
    return ask_worker(request, KIND, question, "affinity_topics:effect_answer", message)


@require_GET
@for_those_who("add", "change")
def answer(request: HttpRequest, inquiry_id: UUID) -> HttpResponse:
    """The effect, once a worker has found it."""

    def render(question: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
        changes = changes_for(request.user, found)
        context = {"summary": summary(found), "changes": changes, "compared": found["compared"]}
        html = render_to_string("tagging/topics/effect.html", context, request)
        return {"html": html, "message": summary(found)}

    return collect_answer(request, inquiry_id, render)


def summary(found: dict[str, Any]) -> str:
    """On how many pages the topic would be, applied or suggested, on which it is not now; and the other way round."""
    gained, lost = ({*found["applied"][way], *found["suggested"][way]} for way in ("gained", "lost"))
    numbers = {"gained": len(gained - lost), "lost": len(lost - gained)}
    return ngettext("+%(gained)d page, −%(lost)d", "+%(gained)d pages, −%(lost)d", numbers["gained"]) % numbers


def changes_for(user: Any, found: dict[str, Any]) -> list[Change]:
    """What would change, without what would not. Only pages that the user may edit are named."""
    headings = {
        ("applied", "gained"): ("+", _("Newly applied")),
        ("suggested", "gained"): ("+", _("Newly suggested")),
        ("applied", "lost"): ("−", _("No longer applied")),
        ("suggested", "lost"): ("−", _("No longer suggested")),
    }
    titles = editable_titles(user, {pk for level, way in headings for pk in found[level][way]})
    changes = []
    for (level, way), (sign, heading) in headings.items():
        if page_ids := found[level][way]:
            named = [(pk, titles[pk]) for pk in page_ids if pk in titles]
            changes.append(Change(sign, heading, len(page_ids), named[:SHOWN]))
    return changes
