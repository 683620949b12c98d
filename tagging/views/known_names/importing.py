"""Known names from a table."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.models import GazetteerName
from tagging.operations.csv_lines import CHANGED, NEW, REMOVED, Plan
from tagging.operations.gazetteer_csv import apply_names, plan_names
from tagging.views.csv_upload import CsvUploadView, UploadForm


class NamesUploadForm(UploadForm):
    """A file of names."""

    replace = forms.BooleanField(
        label=_("Remove known names that are not in the file"),
        required=False,
        help_text=_("Without this, names are added and changed, and none is removed."),
    )


class NamesImportView(CsvUploadView):
    """All lines or none."""

    model = GazetteerName
    permission_required = "add"
    form_class = NamesUploadForm
    index_url_name = "affinity_known_names:index"
    index_label = _("Known names")
    page_title = _("Import known names")
    help_template = "tagging/known_names/import_help.html"

    def user_has_permission(self, permission: str) -> bool:
        """An import adds, changes and removes: who does it must be allowed each."""
        may = super().user_has_permission
        return all(may(action) for action in ("add", "change", "delete"))

    def plan(self, data: dict[str, Any]) -> Plan[Any]:
        return plan_names(data["content"], replace=data["replace"])

    def apply(self, plan: Plan[Any]) -> str:
        apply_names(plan, self.request.user)
        message = gettext("Known names: %(new)d added, %(changed)d changed, %(removed)d removed. Pages follow soon.")
        counts = {action: len(plan.with_action(action)) for action in (NEW, CHANGED, REMOVED)}
        return message % counts
