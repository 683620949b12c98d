"""The report of what readers saw and clicked."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column
from wagtail.admin.viewsets.base import ViewSet

from personalization.columns import CountColumn, ShareColumn, WideColumn
from personalization.models import Placement, Segment
from personalization.visitors.traffic import Selection, Traffic, exported_traffic, placements_with, traffic

from .period import PeriodFilterSet, PeriodReportView
from .permissions import ReportMenuItem


class RecommendationsFilterSet(PeriodFilterSet):
    """A period, and everybody or one segment's readers."""

    segment = django_filters.ModelChoiceFilter(
        queryset=Segment.objects.all(), label=_("Segment"), empty_label=_("Everybody")
    )

    @property
    def selection(self) -> Selection:
        segment = self.form.cleaned_data.get("segment") if self.is_valid() else None
        return Selection(self.chosen_days, segment.pk if segment else None)


class RecommendationsReportView(PeriodReportView):
    """What readers saw and clicked of each placement."""

    page_title = _("Recommendations")
    header_icon = "table"
    model = Placement
    index_url_name = "personalization_report:index"
    index_results_url_name = "personalization_report:results"
    results_template_name = "personalization/admin/report_results.html"
    filterset_class = RecommendationsFilterSet
    default_ordering = "-impressions"
    columns = [
        Column("name", label=_("Placement"), sort_key="name"),
        WideColumn("strategy", label=_("Strategy"), accessor="get_strategy_display"),
        CountColumn("impressions", label=_("Seen")),
        CountColumn("clicks", label=_("Clicks")),
        ShareColumn("ctr", label=_("Clicks per impression")),
    ]
    list_export = ["name", "strategy", "impressions", "clicks", "ctr"]
    export_headings = {
        "name": _("Placement"),
        "strategy": _("Strategy"),
        "impressions": _("Impressions"),
        "clicks": _("Clicks"),
        "ctr": _("Clicks per impression"),
    }
    export_filename = "recommendations"

    @cached_property
    def figures(self) -> dict[str, Traffic]:
        selection: Selection = self.filters.selection
        return exported_traffic(selection, self.request.user) if self.is_export else traffic(selection)

    def get_base_queryset(self) -> QuerySet[Placement]:
        return placements_with(self.figures)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = self.figures.values()
        return {
            **super().get_context_data(**kwargs),
            "is_some_hidden": any(row.impressions is None or row.clicks is None for row in rows),
            "is_all_empty": not any(row.impressions is None or row.impressions for row in rows),
        }


class RecommendationsReport(ViewSet):
    """The report's page, its refreshes and its place in the menu."""

    name = "personalization_report"
    url_prefix = "affinity/recommendations"
    icon = "table"
    menu_label = _("Recommendations report")
    menu_item_class = ReportMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", RecommendationsReportView.as_view(), name="index"),
            path("results/", RecommendationsReportView.as_view(results_only=True), name="results"),
        ]
