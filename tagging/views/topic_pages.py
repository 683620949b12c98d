"""A panel of the topic editor: which pages are on this topic."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, QuerySet, Value, When
from wagtail.admin.panels import Panel

from tagging.models import Suggestion, Topic

from .permissions import editable_pages

SHOWN = 50
STATES = (Suggestion.State.APPLIED, Suggestion.State.ACCEPTED, Suggestion.State.SUGGESTED)


class TopicPagesPanel(Panel):
    """Lists the pages that a topic is on or suggested for, surest first. Shown once the topic exists."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "tagging/topics/pages_panel.html"

        def is_shown(self) -> bool:
            return bool(self.instance.pk)

        def get_context_data(self, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            rows = pages_on(self.instance, self.request.user)
            context["rows"] = rows[:SHOWN]
            context["hidden_count"] = max(rows.count() - SHOWN, 0)
            return context


def pages_on(topic: Topic, user: Any) -> QuerySet[Suggestion]:
    """The topic's pages that the user may edit: those tagged with it first, then by score."""
    open_last = Case(When(state=Suggestion.State.SUGGESTED, then=Value(1)), default=Value(0))
    rows: QuerySet[Suggestion] = (
        topic.suggestions.filter(state__in=STATES, page__in=editable_pages(user).values("pk"))
        .select_related("page__locale", "page__content_type")
        .annotate(is_open=open_last)
        .order_by("is_open", "-score", "page_id")
    )
    return rows
