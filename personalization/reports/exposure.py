"""The report of how much of what was recommended is of whom."""

from __future__ import annotations

from typing import Any

import django_filters
from django.urls import path
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, StatusTagColumn
from wagtail.admin.views.reports import ReportView
from wagtail.admin.viewsets.base import ViewSet

from personalization.columns import WideColumn, number_in_words, share_in_words
from personalization.conf import settings
from personalization.evaluation.fairness import AGE_DAYS, LEAST_EXPECTED
from personalization.models import ExposureGroup
from personalization.operations.exposure import DAYS

from .permissions import ANY, POLICY, ReportMenuItem


class PercentColumn(Column):
    """A share in [0, 1], as a percentage."""

    def get_value(self, instance: Any) -> str:
        return share_in_words(super().get_value(instance))


class WidePercentColumn(PercentColumn, WideColumn):
    """One that there is no room for on a phone."""


class ExposureFilterSet(WagtailFilterSet):
    """One kind of groups, or those that are worth a look."""

    kind = django_filters.ChoiceFilter(choices=ExposureGroup.Kind, label=_("Kind"))
    alert = django_filters.ChoiceFilter(choices=ExposureGroup.Alert, label=_("Worth a look"))

    class Meta:
        model = ExposureGroup
        fields = ["kind", "alert"]


class ExposureReportView(ReportView):
    """Each group's share of the pages beside its share of what readers were shown; alerts first."""

    page_title = _("Exposure")
    header_icon = "view"
    model = ExposureGroup
    permission_policy = POLICY
    any_permission_required = ANY
    index_url_name = "personalization_exposure:index"
    index_results_url_name = "personalization_exposure:results"
    results_template_name = "personalization/admin/exposure_results.html"
    filterset_class = ExposureFilterSet
    default_ordering = "-alert"
    columns = [
        Column("name", label=_("Pages of"), accessor=lambda group: group_name(group), sort_key="name"),
        WideColumn("kind", label=_("Kind"), accessor="get_kind_display", sort_key="kind"),
        WidePercentColumn("of_pages", label=_("Of all pages"), sort_key="of_pages"),
        PercentColumn("of_impressions", label=_("Of what was shown"), sort_key="of_impressions"),
        Column("ratio", label=_("Times its share"), accessor=lambda group: _times(group)),
        WidePercentColumn("before", label=_("Before"), sort_key="before"),
        StatusTagColumn("alert", label=_("Worth a look"), accessor="get_alert_display", primary=True, sort_key="alert"),
    ]
    list_export = ["kind", "name", "pages", "of_pages", "of_impressions", "before", "alert"]
    export_filename = "exposure"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        newest = ExposureGroup.objects.first()
        return {
            **super().get_context_data(**kwargs),
            "measured_at": newest.measured_at if newest else None,
            "alerts": ExposureGroup.objects.exclude(alert="").count(),
            "days": DAYS,
            "factor": number_in_words(settings.EXPOSURE_ALERT_FACTOR),
            "least": int(LEAST_EXPECTED),
        }


class ExposureReport(ViewSet):
    """The report's page, its refreshes and its place in the menu."""

    name = "personalization_exposure"
    url_prefix = "affinity/exposure"
    icon = "view"
    menu_label = _("Exposure report")
    menu_item_class = ReportMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", ExposureReportView.as_view(), name="index"),
            path("results/", ExposureReportView.as_view(results_only=True), name="results"),
        ]


def group_name(group: ExposureGroup) -> str:
    """As people read it: a group of ages is kept by its number."""
    if group.kind != ExposureGroup.Kind.AGE:
        return group.name
    number = int(group.name)
    if number == len(AGE_DAYS):
        return gettext("%(n)s days and older") % {"n": AGE_DAYS[-1]}
    return ngettext("younger than %(n)s day", "younger than %(n)s days", AGE_DAYS[number]) % {"n": AGE_DAYS[number]}


def _times(group: ExposureGroup) -> str:
    return "–" if group.ratio is None else f"× {number_in_words(group.ratio)}"
