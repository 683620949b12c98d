"""What the pages that teach, merge and split a topic have in common."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.generic import TemplateView
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.permission_policies import ModelPermissionPolicy

from tagging.models import Topic

topic_policy = ModelPermissionPolicy(Topic)


class TopicToolView(WagtailAdminTemplateMixin, TemplateView):
    """A page about one topic, for those who may do all of `permissions_required` to topics."""

    permissions_required: tuple[str, ...] = ("change",)
    header_icon = "affinity-topics"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may(request.user, *self.permissions_required):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    @cached_property
    def topic(self) -> Topic:
        return get_object_or_404(Topic, pk=self.kwargs["pk"])

    def get_page_subtitle(self) -> str:
        return self.topic.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        here = {"url": "", "label": self.get_page_title(), "sublabel": self.topic.name}
        return [*topic_breadcrumbs(self.topic, self.breadcrumbs_items), here]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "topic": self.topic}


def may(user: Any, *actions: str) -> bool:
    """Whether a user may do all of this to topics."""
    return all(topic_policy.user_has_permission(user, action) for action in actions)


def topic_breadcrumbs(topic: Topic, home: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The way down to a topic's overview."""
    return [
        *home,
        {"url": reverse("affinity_topics:index"), "label": _("Topics")},
        {"url": reverse("affinity_topics:inspect", args=[topic.pk]), "label": topic.name},
    ]


def tools(topic: Topic, user: Any) -> list[tuple[str, str]]:
    """(URL, label) of what the user may do with a topic."""
    known = [
        ("teach", _("Teach"), ("change",)),
        ("merge", _("Merge into another topic"), ("change", "delete")),
        ("split", _("Split"), ("add", "change")),
    ]
    return [
        (reverse(f"affinity_topics:{name}", args=[topic.pk]), label)
        for name, label, actions in known
        if may(user, *actions)
    ]
