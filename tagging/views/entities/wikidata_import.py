"""Wikidata ids from a table."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tagging.models import Entity
from tagging.operations.csv_lines import Plan
from tagging.operations.wikidata_csv import apply_ids, plan_ids
from tagging.views.csv_upload import CsvUploadView


class WikidataImportView(CsvUploadView):
    """Lines with errors are left out."""

    model = Entity
    permission_required = "change"
    index_url_name = "affinity_entities:index"
    index_label = _("Entities")
    page_title = _("Import Wikidata ids")
    help_template = "tagging/entities/wikidata_help.html"
    all_or_nothing = False

    def plan(self, data: dict[str, Any]) -> Plan[Any]:
        return plan_ids(data["content"])

    def apply(self, plan: Plan[Any]) -> str:
        count = apply_ids(plan, self.request.user)
        return ngettext("%d Wikidata id was set.", "%d Wikidata ids were set.", count) % count
