"""The report of what readers saw and clicked."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet

from personalization.columns import CountColumn, HiddenLastMixin, ShareColumn, WideColumn
from personalization.conf import settings
from personalization.models import Placement, Segment
from personalization.visitors.traffic import (
    DAYS,
    PERIODS,
    Selection,
    Traffic,
    exported_traffic,
    placements_with,
    traffic,
)

from .permissions import ANY, POLICY, ReportMenuItem


class RecommendationsFilterSet(WagtailFilterSet):
    """A period, and everybody or one segment's readers. What is counted, not which rows: the view counts."""

    days = django_filters.ChoiceFilter(
        choices=[
            (str(days), ngettext_lazy("Last %(n)s day", "Last %(n)s days", days) % {"n": days}) for days in PERIODS
        ],
        label=_("Period"),
        empty_label=None,
        initial=str(DAYS),
    )
    segment = django_filters.ModelChoiceFilter(
        queryset=Segment.objects.all(), label=_("Segment"), empty_label=_("Everybody")
    )

    class Meta:
        model = Placement
        fields: tuple[str, ...] = ()

    @property
    def selection(self) -> Selection:
        chosen = self.form.cleaned_data if self.is_valid() else {}
        segment = chosen.get("segment")
        return Selection(int(chosen.get("days") or DAYS), segment.pk if segment else None)

    def filter_queryset(self, queryset: QuerySet[Placement]) -> QuerySet[Placement]:
        return queryset


class RecommendationsReportView(HiddenLastMixin, ReportView):
    """What readers saw and clicked of each placement."""

    page_title = _("Recommendations")
    header_icon = "table"
    model = Placement
    permission_policy = POLICY
    any_permission_required = ANY
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

    def get_filterset_kwargs(self) -> dict[str, Any]:
        data: QueryDict = self.request.GET.copy()
        data.setdefault("days", str(DAYS))
        return {**super().get_filterset_kwargs(), "data": data}

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
            "days": self.filters.selection.days,
            "k": settings.K_ANONYMITY,
            "is_some_hidden": any(row.impressions is None or row.clicks is None for row in rows),
            "is_all_empty": not any(row.impressions is None or row.impressions for row in rows),
            "noise": settings.DIFFERENTIAL_PRIVACY,
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
