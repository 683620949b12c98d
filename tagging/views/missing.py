"""The page "Topics you may be missing": groups of pages that no topic fits, each one click from being a topic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from tagging import operations
from tagging.models import MissingTopic, PageVector

from .permissions import editable_pages
from .topic_questions import ask_worker, collect_answer, for_those_who
from .topic_tools import topic_policy

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group of pages, with those examples that the user may edit, and where a topic is made of it."""

    missing: MissingTopic
    examples: list[Any]
    create_url: str

    @property
    def hidden_count(self) -> int:
        return len(self.missing.page_ids) - len(self.examples)

    @property
    def percent(self) -> int:
        return round(100 * self.missing.coherence)


class MissingMenuItem(MenuItem):
    """Shown to whoever may add topics."""

    def __init__(self, order: int) -> None:
        super().__init__(
            gettext_lazy("Missing topics"),
            reverse("affinity_missing:index"),
            name="affinity-missing",
            icon_name="circle-plus",
            order=order,
        )

    def is_shown(self, request: HttpRequest) -> bool:
        shown: bool = topic_policy.user_has_permission(request.user, "add")
        return shown


class MissingTopicsView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """What the worker found last; it is asked to look again with a button."""

    template_name = "tagging/missing/index.html"
    page_title = gettext_lazy("Topics you may be missing")
    header_icon = "circle-plus"
    permission_required = "add"

    @cached_property
    def permission_policy(self) -> Any:
        return topic_policy

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | _content(self.request)


@require_POST
@for_those_who("add")
def refresh(request: HttpRequest) -> HttpResponse:
    """Ask a worker to look again."""
    message = _("A worker is reading the pages that no topic fits…")
    return ask_worker(request, "missing", {}, "affinity_missing:answer", message)


@require_GET
@for_those_who("add")
def answer(request: HttpRequest, inquiry_id: UUID) -> HttpResponse:
    """What it found, once it has looked."""

    def render(question: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
        content = _content(request)
        text = ngettext("Found %(count)d group of pages.", "Found %(count)d groups of pages.", len(content["groups"]))
        html = render_to_string("tagging/missing/groups.html", content, request)
        return {"html": html, "message": text % {"count": len(content["groups"])}}

    return collect_answer(request, inquiry_id, render)


@require_POST
@for_those_who("add")
def dismiss(request: HttpRequest, missing_id: int) -> HttpResponse:
    """Do not show this group again; the message has its undoing."""
    missing = get_object_or_404(MissingTopic, pk=missing_id)
    operations.dismiss(missing)
    messages.success(request, _("Dismissed “%(words)s”. Pages like these are not proposed again.") % {"words": missing})
    return redirect(f"{reverse('affinity_missing:index')}?dismissed={missing.pk}")


@require_POST
@for_those_who("add")
def bring_back(request: HttpRequest, missing_id: int) -> HttpResponse:
    """Undo a dismissal."""
    operations.take_back_dismissal(get_object_or_404(MissingTopic, pk=missing_id))
    return redirect("affinity_missing:index")


def _content(request: HttpRequest) -> dict[str, Any]:
    groups = operations.missing_topics()
    ids = {page_id for missing in groups for page_id in missing.page_ids}
    pages = editable_pages(request.user).filter(pk__in=ids).in_bulk()
    dismissed = request.GET.get("dismissed", "")
    return {
        "groups": [_shown(missing, pages) for missing in groups],
        "has_vectors": bool(groups) or PageVector.objects.exists(),
        "found_at": groups[0].found_at if groups else None,
        "dismissed": MissingTopic.objects.filter(pk=dismissed, is_dismissed=True).first()
        if dismissed.isdecimal()
        else None,
    }


def _shown(missing: MissingTopic, pages: dict[int, Any]) -> ShownGroup:
    name, *others = missing.terms
    words = {"name": name[:1].upper() + name[1:], "description": _description(others)}
    url = f"{reverse('affinity_topics:add')}?{urlencode(words)}"
    examples = [pages[page_id] for page_id in missing.page_ids if page_id in pages][:EXAMPLES]
    return ShownGroup(missing, examples, url)


def _description(terms: list[str]) -> str:
    """A draft of a description: the group's own words, for an editor to make a sentence of."""
    text = ", ".join(terms)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


urlpatterns = [
    path("", MissingTopicsView.as_view(), name="index"),
    path("refresh/", refresh, name="refresh"),
    path("answers/<uuid:inquiry_id>/", answer, name="answer"),
    path("<int:missing_id>/dismiss/", dismiss, name="dismiss"),
    path("<int:missing_id>/bring-back/", bring_back, name="bring_back"),
]
