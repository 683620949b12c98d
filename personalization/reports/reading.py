"""The report of how pages were read."""

from __future__ import annotations

from typing import Any

import swapper
from django.db.models import QuerySet
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.tables import TitleColumn
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permission_policies.pages import PagePermissionPolicy

from personalization.columns import CountColumn, FigureColumn, duration_in_words, share_in_words
from personalization.visitors.reading import Reading, exported_reading, pages_with, reading

from .period import PeriodFilterSet, PeriodReportView
from .permissions import ReportMenuItem


class PageColumn(TitleColumn):
    """The page, with a link to its editor for those who may edit it."""

    def get_link_url(self, instance: Any, parent_context: Any) -> str | None:
        may_edit = instance.permissions_for_user(parent_context["request"].user).can_edit()
        return reverse("wagtailadmin_pages:edit", args=[instance.pk]) if may_edit else None


class ReadingReportView(PeriodReportView):
    """Views, readers, reading time, depth and bounces of each page that was read."""

    page_title = _("Reading")
    header_icon = "view"
    model = swapper.load_model("wagtailcore", "Page")
    index_url_name = "personalization_reading:index"
    index_results_url_name = "personalization_reading:results"
    results_template_name = "personalization/admin/reading_results.html"
    filterset_class = PeriodFilterSet
    default_ordering = "-views"
    columns = [
        PageColumn("title", label=_("Page"), sort_key="title"),
        CountColumn("views", label=_("Views")),
        CountColumn("readers", label=_("Readers"), classname="affinity-wide"),
        FigureColumn("dwell", duration_in_words, label=_("Reading time")),
        FigureColumn("scrolled", share_in_words, label=_("Read as far as"), classname="affinity-wide"),
        FigureColumn("bounce_rate", share_in_words, label=_("Bounces"), classname="affinity-wide"),
    ]
    list_export = ["title", "pk", "views", "readers", "dwell", "scrolled", "entries", "bounces", "bounce_rate"]
    export_headings = {
        "title": _("Page"),
        "pk": _("Page id"),
        "views": _("Views"),
        "readers": _("Readers"),
        "dwell": _("Reading time in seconds"),
        "scrolled": _("Read as far as (0 to 1)"),
        "entries": _("Visits that began here"),
        "bounces": _("Visits that ended here at once"),
        "bounce_rate": _("Bounces (0 to 1)"),
    }
    export_filename = "reading"

    @cached_property
    def figures(self) -> dict[int, Reading]:
        days = self.filters.chosen_days
        return exported_reading(days, self.request.user) if self.is_export else reading(days)

    def get_base_queryset(self) -> QuerySet[Any]:
        """Pages that the editor may see in Wagtail's own lists, too."""
        return pages_with(self.figures, PagePermissionPolicy().explorable_instances(self.request.user))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = self.figures.values()
        return {
            **super().get_context_data(**kwargs),
            "is_some_hidden": any(None in (row.views, row.entries, row.bounces) for row in rows),
        }


class ReadingReport(ViewSet):
    """The report's page, its refreshes and its place in the menu."""

    name = "personalization_reading"
    url_prefix = "affinity/reading"
    icon = "view"
    menu_label = _("Reading report")
    menu_item_class = ReportMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", ReadingReportView.as_view(), name="index"),
            path("results/", ReadingReportView.as_view(results_only=True), name="results"),
        ]
