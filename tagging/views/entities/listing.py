"""The list of entities, with what editors decided about them."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Count, Exists, F, Func, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import BulkActionsCheckboxColumn, Column, NumberColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.widgets import Button

from tagging.models import Entity, PageEntity
from tagging.views.wikidata import item_link

from .chooser import named_like

OBJECT_TYPE = "entity"  # what Wagtail's script for bulk actions knows the rows by
OWN_ROWS = PageEntity.objects.order_by()
MERGED_ROWS = PageEntity.objects.order_by().filter(entity__canonical=OuterRef("pk"))
WITH_OR_WITHOUT = [("yes", _("With")), ("no", _("Without"))]


class EntityFilterSet(WagtailFilterSet):
    """By kind, and by what editors have decided. Hidden ones are shown when asked for."""

    label = django_filters.MultipleChoiceFilter(
        label=_("Kind"), choices=Entity.Label.choices, widget=forms.CheckboxSelectMultiple
    )
    topic = django_filters.ChoiceFilter(
        label=_("Topic"), choices=WITH_OR_WITHOUT, method="with_topic", widget=forms.RadioSelect, empty_label=_("All")
    )
    wikidata = django_filters.ChoiceFilter(
        label=_("Wikidata id"),
        choices=WITH_OR_WITHOUT,
        method="with_wikidata",
        widget=forms.RadioSelect,
        empty_label=_("All"),
    )
    hidden = django_filters.ChoiceFilter(
        label=_("Hidden"),
        choices=[("yes", _("Hidden"))],
        method="only_hidden",
        widget=forms.RadioSelect,
        empty_label=_("Shown"),
    )

    class Meta:
        model = Entity
        fields = ["label", "topic", "wikidata", "hidden"]

    def filter_queryset(self, queryset: QuerySet[Entity]) -> QuerySet[Entity]:
        found: QuerySet[Entity] = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("hidden") else found.filter(is_hidden=False)

    def with_topic(self, queryset: QuerySet[Entity], name: str, value: str) -> QuerySet[Entity]:
        return queryset.filter(topic__isnull=value == "no")

    def with_wikidata(self, queryset: QuerySet[Entity], name: str, value: str) -> QuerySet[Entity]:
        return queryset.filter(wikidata_id="") if value == "no" else queryset.exclude(wikidata_id="")

    def only_hidden(self, queryset: QuerySet[Entity], name: str, value: str) -> QuerySet[Entity]:
        return queryset.filter(is_hidden=True)


def with_counts(entities: QuerySet[Entity]) -> QuerySet[Entity]:
    """Entities with `page_count` and `mention_count`, those of the names merged into them included."""
    own_pages = OWN_ROWS.filter(entity=OuterRef(OuterRef("pk"))).values("page")
    more_pages = _one_number(MERGED_ROWS.exclude(page__in=own_pages), "COUNT(DISTINCT %(expressions)s)", "page")
    more_mentions = _one_number(MERGED_ROWS, "COALESCE(SUM(%(expressions)s), 0)", "count")
    return entities.annotate(
        page_count=Count("pages") + more_pages,
        mention_count=Coalesce(Sum("pages__count"), 0) + more_mentions,
    )


def _one_number(rows: QuerySet[PageEntity], template: str, field: str) -> Subquery:
    # A plain function, not an aggregate: the subquery has one row, and needs no GROUP BY.
    number = Func(F(field), template=template, output_field=IntegerField())
    return Subquery(rows.annotate(number=number).values("number"))


class EntityIndexView(generic.IndexView):
    """All entities, those on most pages first. Names that were merged stand under what they were merged into."""

    default_ordering = "-page_count"
    page_title = _("Entities")
    template_name = "tagging/entities/index.html"
    results_template_name = "tagging/entities/index_results.html"
    filterset_class = EntityFilterSet
    export_filename = "entities"
    # As the import of Wikidata ids reads them.
    list_export = ["name", "label", "wikidata_id", "topic", "page_count", "mention_count"]
    export_headings = {
        "name": "name",
        "label": "label",
        "wikidata_id": "wikidata_id",
        "topic": "topic",
        "page_count": "pages",
        "mention_count": "mentions",
    }

    @cached_property
    def columns(self) -> list[Any]:
        checkbox = [BulkActionsCheckboxColumn("bulk_actions", obj_type=OBJECT_TYPE)] if self.can_change else []
        return [
            *checkbox,
            TitleColumn("name", label=_("Name"), sort_key="name", get_url=self.get_title_url, get_title_id=_title_id),
            Column("get_label_display", label=_("Kind"), sort_key="label"),
            Column("topic", label=_("Topic"), classname="affinity-wide"),
            Column("wikidata", label=_("Wikidata id"), accessor=_wikidata, classname="affinity-wide"),
            NumberColumn("page_count", label=_("Pages"), sort_key="page_count"),
            NumberColumn("mention_count", label=_("Mentions"), sort_key="mention_count", classname="affinity-wide"),
        ]

    @cached_property
    def can_change(self) -> bool:
        return bool(self.user_has_permission("change"))

    @property
    def is_searchable(self) -> bool:
        return True

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        buttons: list[Any] = super().header_more_buttons
        if self.can_change:
            url = reverse("affinity_entities:import_wikidata")
            buttons.append(Button(_("Import Wikidata ids"), url=url, icon_name="upload", priority=80))
        return buttons

    def get_title_url(self, instance: Entity) -> str | None:
        url: str | None = self.get_edit_url(instance) or self.get_inspect_url(instance)
        return url

    def get_base_queryset(self) -> QuerySet[Entity]:
        roots = with_counts(Entity.objects.filter(canonical__isnull=True).select_related("topic"))
        return (
            roots
            if self.is_searching
            else roots.filter(Exists(OWN_ROWS.filter(entity=OuterRef("pk"))) | Exists(MERGED_ROWS))
        )

    def search_queryset(self, queryset: QuerySet[Entity]) -> QuerySet[Entity]:
        return named_like(queryset, self.search_query) if self.is_searching else queryset

    def order_queryset(self, queryset: QuerySet[Entity]) -> QuerySet[Entity]:
        ordered: QuerySet[Entity] = super().order_queryset(queryset)
        return ordered.order_by(*ordered.query.order_by, "name", "pk")


def _title_id(entity: Entity) -> str:
    return f"{OBJECT_TYPE}_{entity.pk}_title"


def _wikidata(entity: Entity) -> Any:
    return item_link(entity.wikidata_id)
