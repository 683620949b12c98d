"""Reports for editors, under Affinity."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column, NumberColumn
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permission_policies import ModelPermissionPolicy

from personalization.models import Placement, Segment
from personalization.visitors.traffic import placements_with_traffic

ANY = ("add", "change", "delete", "view")


class RecommendationsFilterSet(WagtailFilterSet):
    """Everybody, or what was served to one segment's readers."""

    segment = django_filters.ModelChoiceFilter(
        queryset=Segment.objects.all(), method="served_to", label=_("Segment"), empty_label=_("Everybody")
    )

    class Meta:
        model = Placement
        fields: tuple[str, ...] = ()

    def served_to(self, queryset: QuerySet[Placement], name: str, segment: Segment) -> QuerySet[Placement]:
        return placements_with_traffic(segment.pk)


class RecommendationsReportView(ReportView):
    """What readers saw and clicked of each placement in the last 30 days."""

    page_title = _("Recommendations")
    header_icon = "table"
    model = Placement
    permission_policy = ModelPermissionPolicy(Placement)
    any_permission_required = ANY
    index_url_name = "personalization_report:index"
    index_results_url_name = "personalization_report:results"
    results_template_name = "personalization/admin/report_results.html"
    filterset_class = RecommendationsFilterSet
    default_ordering = "-impressions"
    columns = [
        Column("name", label=_("Placement"), sort_key="name"),
        Column("strategy", label=_("Strategy"), accessor="get_strategy_display"),
        NumberColumn("impressions", label=_("Seen"), sort_key="impressions"),
        NumberColumn("clicks", label=_("Clicks"), sort_key="clicks"),
        Column(
            "ctr",
            label=_("Clicks per impression"),
            sort_key="ctr",
            accessor=lambda row: "–" if row.ctr is None else f"{number_format(row.ctr * 100, 1)}\u00a0%",
        ),
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

    def get_base_queryset(self) -> QuerySet[Placement]:
        return placements_with_traffic()


class ReportMenuItem(MenuItem):
    """Shown to whoever may do anything with placements."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(ModelPermissionPolicy(Placement).user_has_any_permission(request.user, ANY))


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
