"""What reports over a period have in common."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.views.reports import ReportView

from personalization.columns import HiddenLastMixin
from personalization.conf import settings
from personalization.models import Placement
from personalization.visitors.traffic import DAYS, PERIODS

from .permissions import ANY, POLICY


class PeriodFilterSet(WagtailFilterSet):
    """A period. What is counted, not which rows: the view counts."""

    days = django_filters.ChoiceFilter(
        choices=[
            (str(days), ngettext_lazy("Last %(n)s day", "Last %(n)s days", days) % {"n": days}) for days in PERIODS
        ],
        label=_("Period"),
        empty_label=None,
        initial=str(DAYS),
    )

    class Meta:
        model = Placement
        fields: tuple[str, ...] = ()

    @property
    def chosen_days(self) -> int:
        chosen = self.form.cleaned_data if self.is_valid() else {}
        return int(chosen.get("days") or DAYS)

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


class PeriodReportView(HiddenLastMixin, ReportView):
    """Counts of a period, small ones hidden; its template says so by `k` and `noise`."""

    permission_policy = POLICY
    any_permission_required = ANY

    def get_filterset_kwargs(self) -> dict[str, Any]:
        data: QueryDict = self.request.GET.copy()
        data.setdefault("days", str(DAYS))
        return {**super().get_filterset_kwargs(), "data": data}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "days": self.filters.chosen_days,
            "k": settings.K_ANONYMITY,
            "noise": settings.DIFFERENTIAL_PRIVACY,
        }
