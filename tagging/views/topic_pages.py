"""The pages of a topic: as a panel of the topic editor, and as a list to filter and export."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import Case, QuerySet, Value, When
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import Panel
from wagtail.admin.ui.tables import Column, DateColumn, TitleColumn
from wagtail.admin.views.reports import ReportView

from tagging.models import Suggestion, Topic

from .permissions import editable_pages
from .topic_tools import topic_breadcrumbs, topic_policy

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


class TopicPagesFilterSet(WagtailFilterSet):
    """Pages by what the machine or an editor said."""

    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=Suggestion.State.choices, widget=forms.CheckboxSelectMultiple
    )
    source = django_filters.MultipleChoiceFilter(
        label=_("Source"), choices=Suggestion.Source.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Suggestion
        fields = ["state", "source"]


class ProbabilityColumn(Column):
    """How likely editors are to accept, in per cent; nothing where an editor added the topic."""

    cell_template_name = "tagging/topics/probability_cell.html"


class TopicPagesView(ReportView):
    """Every page that a topic is on, suggested for or rejected on, most probable first: those the user may edit."""

    results_template_name = "tagging/topics/pages_results.html"
    header_icon = "affinity-topics"
    page_title = _("Pages by probability")
    filterset_class = TopicPagesFilterSet
    permission_policy = topic_policy
    any_permission_required = ["add", "change", "delete", "view"]
    default_ordering = ("-score", "page_id")
    list_export = [
        "page.title",
        "page.locale.language_code",
        "score",
        "get_state_display",
        "get_source_display",
        "evidence",
        "decided_at",
    ]
    export_headings = {
        "page.title": _("Page"),
        "page.locale.language_code": _("Locale"),
        "score": _("Probability"),
        "get_state_display": _("State"),
        "get_source_display": _("Source"),
        "evidence": _("Evidence"),
        "decided_at": _("Decided at"),
    }

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.topic = get_object_or_404(Topic, pk=kwargs["pk"])

    @cached_property
    def columns(self) -> list[Any]:
        return [
            TitleColumn(
                "page",
                label=_("Page"),
                accessor="page.get_admin_display_title",
                sort_key="page__title",
                get_url=lambda row: reverse("wagtailadmin_pages:edit", args=[row.page_id]),
            ),
            ProbabilityColumn("score", label=_("Probability"), sort_key="score"),
            Column("state", label=_("State"), accessor="get_state_display", sort_key="state"),
            Column("source", label=_("Source"), accessor="get_source_display", classname="affinity-wide"),
            Column("locale", label=_("Locale"), accessor="page.locale.get_display_name", classname="affinity-wide"),
            DateColumn("decided_at", label=_("Decided"), sort_key="decided_at", classname="affinity-wide"),
        ]

    def get_base_queryset(self) -> QuerySet[Suggestion]:
        rows: QuerySet[Suggestion] = self.topic.suggestions.filter(
            page__in=editable_pages(self.request.user).values("pk")
        ).select_related("page__locale", "page__content_type")
        return rows

    def get_page_subtitle(self) -> str:
        return self.topic.name

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        here = {"url": "", "label": self.page_title, "sublabel": self.topic.name}
        return [*topic_breadcrumbs(self.topic, self.breadcrumbs_items), here]

    def get_index_url(self) -> str:
        return reverse("affinity_topics:pages", args=[self.topic.pk])

    def get_index_results_url(self) -> str:
        return reverse("affinity_topics:pages_results", args=[self.topic.pk])

    def get_filename(self) -> str:
        return f"topic-{self.topic.slug}"


def editable_titles(user: Any, page_ids: Iterable[int]) -> dict[int, str]:
    """Page id → title, of those pages among these that the user may edit."""
    rows = editable_pages(user).filter(pk__in=page_ids).values_list("pk", "draft_title", "title")
    return {pk: draft_title or title for pk, draft_title, title in rows}
