"""The report "Content analysis": which pages are analysed, which wait, and why some failed."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.filters import MultipleContentTypeFilter, WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import ButtonsColumnMixin, Column, DateColumn, TitleColumn
from wagtail.admin.views.reports import ReportView
from wagtail.admin.widgets import Button, HeaderButton
from wagtail.models import Locale, get_page_content_types

from tagging import operations, tasks
from tagging.models import PageAnalysis

from .permissions import editable_pages, get_editable_page, page_policy

State = PageAnalysis.State
ANY_PERMISSION = ["add", "change", "publish"]


class ReportMenuItem(MenuItem):
    """Shown to whoever may work on some page."""

    def __init__(self, order: int) -> None:
        super().__init__(
            _("Content analysis"),
            reverse("affinity_report:index"),
            name="affinity-report",
            icon_name="affinity",
            order=order,
        )

    def is_shown(self, request: HttpRequest) -> bool:
        shown: bool = page_policy().user_has_any_permission(request.user, ANY_PERMISSION)
        return shown


class ReportFilterSet(WagtailFilterSet):
    """Pages by state, page type and locale."""

    state = django_filters.MultipleChoiceFilter(
        label=_("State"), choices=State.choices, widget=forms.CheckboxSelectMultiple
    )
    page_type = MultipleContentTypeFilter(
        label=_("Page type"),
        field_name="page__content_type",
        queryset=lambda request: get_page_content_types(include_base_page_type=False),
        widget=forms.CheckboxSelectMultiple,
    )
    locale = django_filters.ModelMultipleChoiceFilter(
        label=_("Locale"),
        field_name="page__locale",
        queryset=lambda request: Locale.objects.all(),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = PageAnalysis
        fields = ["state", "page_type", "locale"]


class StateColumn(Column):
    """The state as a tag, with the reason below it."""

    cell_template_name = "tagging/report/state_cell.html"


class PageColumn(ButtonsColumnMixin, TitleColumn):
    """The page's title, linked to its editor, with "Analyse again" where the analysis came to nothing."""

    def get_buttons(self, instance: PageAnalysis, parent_context: Any) -> list[Button]:
        if instance.state not in (State.FAILED, State.SKIPPED):
            return []
        url = reverse("affinity_report:analyze", args=[instance.page_id])
        label = gettext("Analyse “%(page)s” again") % {"page": instance.page.get_admin_display_title()}
        return [post_button(_("Analyse again"), url, label=label)]


class ContentAnalysisReportView(ReportView):
    """Every page in the outbox that the user may edit, the last one edited first."""

    page_title = _("Content analysis")
    header_icon = "affinity"
    results_template_name = "tagging/report/results.html"
    index_url_name = "affinity_report:index"
    index_results_url_name = "affinity_report:index_results"
    filterset_class = ReportFilterSet
    any_permission_required = ANY_PERMISSION
    default_ordering = ("-page__latest_revision_created_at", "page_id")
    list_export = [
        "page.title",
        "page_type",
        "page.locale.language_code",
        "get_state_display",
        "reason",
        "analyzed_at",
        "stale_since",
        "embedder",
        "recognizer",
    ]
    export_headings = {
        "page.title": _("Page"),
        "page_type": _("Page type"),
        "page.locale.language_code": _("Locale"),
        "get_state_display": _("State"),
        "reason": _("Reason"),
        "analyzed_at": _("Analysed at"),
        "stale_since": _("Waiting since"),
        "embedder": _("Embedding model"),
        "recognizer": _("Recogniser"),
    }

    @cached_property
    def permission_policy(self) -> Any:
        return page_policy()

    @cached_property
    def columns(self) -> list[Any]:
        return [
            PageColumn(
                "page",
                label=_("Page"),
                accessor="page.get_admin_display_title",
                sort_key="page__title",
                get_url=lambda row: reverse("wagtailadmin_pages:edit", args=[row.page_id]),
            ),
            Column("page_type", label=_("Page type"), classname="affinity-wide"),
            Column("locale", label=_("Locale"), accessor="page.locale.get_display_name", classname="affinity-wide"),
            StateColumn("state", label=_("State"), sort_key="state"),
            DateColumn("analyzed_at", label=_("Analysed"), sort_key="analyzed_at", classname="affinity-wide"),
            Column("embedder", label=_("Model"), classname="affinity-wide affinity-model"),
        ]

    @cached_property
    def header_buttons(self) -> list[Any]:
        failed = failed_pages(self.request.user).count()
        if not failed:
            return []
        label = ngettext("Analyse %(count)d failed page again", "Analyse all %(count)d failed pages again", failed)
        url = reverse("affinity_report:analyze_failed")
        return [HeaderButton(label % {"count": failed}, icon_name="rotate", attrs=post_attrs(url))]

    def get_base_queryset(self) -> QuerySet[PageAnalysis]:
        return editable_rows(self.request.user).select_related("page__locale", "page__content_type")

    def decorate_paginated_queryset(self, object_list: Any) -> Any:
        for row in object_list:
            row.page_type = capfirst(row.page.cached_content_type.name)
        return object_list

    def get_filename(self) -> str:
        return "content-analysis"


def editable_rows(user: Any) -> QuerySet[PageAnalysis]:
    """The outbox rows of pages that a user may edit."""
    return PageAnalysis.objects.filter(page__in=editable_pages(user).values("pk"))


def failed_pages(user: Any) -> QuerySet[PageAnalysis]:
    """The failed ones among them."""
    return editable_rows(user).filter(state=State.FAILED)


def post_attrs(url: str, label: str = "") -> dict[str, str]:
    """Attributes that make a button send a POST, as Wagtail's own do."""
    attrs = {"data-controller": "w-action", "data-action": "w-action#post", "data-w-action-url-value": url}
    return attrs | ({"aria-label": label} if label else {})


def post_button(text: Any, url: str, *, label: str) -> Button:
    return Button(text, attrs=post_attrs(url, label), classname="button button-small button-secondary")


@require_POST
def analyze(request: HttpRequest, page_id: int) -> HttpResponse:
    """Queue one page again, and go back to the report."""
    page = get_editable_page(request, page_id)
    _queue(request, [page.pk])
    return redirect("affinity_report:index")


@require_POST
def analyze_failed(request: HttpRequest) -> HttpResponse:
    """Queue every failed page that the user may edit."""
    if not page_policy().user_has_any_permission(request.user, ANY_PERMISSION):
        raise PermissionDenied
    _queue(request, list(failed_pages(request.user).values_list("pk", flat=True)))
    return redirect("affinity_report:index")


def _queue(request: HttpRequest, page_ids: list[int]) -> None:
    count = operations.mark_stale(page_ids, again=True)
    if not count:
        messages.warning(request, gettext("Nothing was queued: only published pages are analysed."))
        return
    tasks.wake_worker()
    text = ngettext("%(count)d page is waiting to be analysed.", "%(count)d pages are waiting to be analysed.", count)
    messages.success(request, text % {"count": count})


report_view = ContentAnalysisReportView.as_view()
urlpatterns = [
    path("", report_view, name="index"),
    path("results/", ContentAnalysisReportView.as_view(results_only=True), name="index_results"),
    path("analyze-failed/", analyze_failed, name="analyze_failed"),
    path("analyze/<int:page_id>/", analyze, name="analyze"),
]
