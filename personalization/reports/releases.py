"""The account of exports with noise: which, when, who, and the epsilon that each of them spent."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import Column, DateColumn, UserColumn
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet

from personalization.columns import WideColumn, number_in_words
from personalization.conf import settings
from personalization.models import Release, Segment
from personalization.visitors.releases import spent

from .permissions import ANY, POLICY, ReportMenuItem

REPORTS = {"recommendations": _("Recommendations report"), "reading": _("Reading report")}
SUM_DAYS = 30


class NoisyExportsView(ReportView):
    """Every draw of noise, newest first. Read only: what was spent cannot be taken back."""

    page_title = _("Noisy exports")
    header_icon = "lock"
    model = Release
    permission_policy = POLICY
    any_permission_required = ANY
    index_url_name = "personalization_releases:index"
    index_results_url_name = "personalization_releases:results"
    results_template_name = "personalization/admin/releases_results.html"
    default_ordering = "-at"
    list_export: list[str] = []

    @cached_property
    def columns(self) -> list[Column]:
        return [
            WideColumn(
                "report", label=_("Export"), accessor=lambda release: REPORTS.get(release.report, release.report)
            ),
            Column("filters", label=_("Of"), accessor=self._filters),
            Column("epsilon", label=_("Epsilon spent"), accessor=lambda release: number_in_words(release.epsilon)),
            DateColumn("at", label=_("First asked for"), sort_key="at"),
            UserColumn("user", label=_("By"), classname="affinity-wide"),
        ]

    def get_base_queryset(self) -> QuerySet[Release]:
        return Release.objects.select_related("user__wagtail_userprofile").defer("numbers")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "spent": number_in_words(spent(SUM_DAYS)),
            "days": SUM_DAYS,
            "noise": settings.DIFFERENTIAL_PRIVACY,
        }

    def _filters(self, release: Release) -> str:
        days, segment = release.filters.get("days", 0), release.filters.get("segment")
        period = ngettext("last %(n)s day", "last %(n)s days", days) % {"n": days}
        who = gettext("everybody") if segment is None else self._names.get(segment, gettext("a deleted segment"))
        return f"{who}, {period}"

    @cached_property
    def _names(self) -> dict[int, str]:
        return dict(Segment.objects.values_list("pk", "name"))


class NoisyExportsMenuItem(ReportMenuItem):
    """Only where noise is added, or was."""

    def is_shown(self, request: HttpRequest) -> bool:
        return super().is_shown(request) and (bool(settings.DIFFERENTIAL_PRIVACY) or Release.objects.exists())


class NoisyExportsReport(ViewSet):
    """The account's page and its place in the menu."""

    name = "personalization_releases"
    url_prefix = "affinity/noisy-exports"
    icon = "lock"
    menu_label = _("Noisy exports")
    menu_item_class = NoisyExportsMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", NoisyExportsView.as_view(), name="index"),
            path("results/", NoisyExportsView.as_view(results_only=True), name="results"),
        ]
