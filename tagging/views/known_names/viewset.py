"""The list of known names, and everything an editor does with one."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets import Button

from tagging.models import Entity, GazetteerName
from tagging.operations.gazetteer_csv import SEPARATOR
from tagging.views.wikidata import item_link

from .form import KnownNameForm
from .importing import NamesImportView

SHOWN_ALIASES = 3


# What the list says for itself, rather than the viewset.
OWN = (
    "list_display",
    "default_ordering",
    "filterset_class",
    "list_export",
    "export_headings",
    "export_filename",
    "results_template_name",
)


class KnownNameFilterSet(WagtailFilterSet):
    """Names by kind."""

    label = django_filters.MultipleChoiceFilter(
        label=_("Kind"), choices=Entity.Label.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = GazetteerName
        fields = ["label"]


class KnownNameIndexView(generic.IndexView):
    """All known names by the alphabet. The export can be imported again."""

    page_title = _("Known names")
    default_ordering = "name"
    results_template_name = "tagging/known_names/index_results.html"
    filterset_class = KnownNameFilterSet
    export_filename = "known-names"
    list_export = ["name", "label", "aliases", "match_case", "topic", "wikidata_id"]
    export_headings = {
        "name": "name",
        "label": "label",
        "aliases": "aliases",
        "match_case": "match_case",
        "topic": "topic",
        "wikidata_id": "wikidata_id",
    }
    custom_field_preprocess = {
        "aliases": dict.fromkeys(generic.IndexView.FORMATS, SEPARATOR.join),
        "topic": {kind: lambda topic: topic.slug if topic else "" for kind in generic.IndexView.FORMATS},
        "match_case": {kind: lambda value: "yes" if value else "no" for kind in generic.IndexView.FORMATS},
    }

    @cached_property
    def columns(self) -> list[Any]:
        return [
            self._get_title_column("name"),
            Column("get_label_display", label=_("Kind"), sort_key="label"),
            Column("aliases", label=_("Also known as"), accessor=_aliases, classname="affinity-wide"),
            Column("topic", label=_("Topic"), classname="affinity-wide"),
            Column("wikidata", label=_("Wikidata id"), accessor=_wikidata, classname="affinity-wide"),
        ]

    @property
    def is_searchable(self) -> bool:
        return True

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        buttons: list[Any] = super().header_more_buttons
        if all(self.user_has_permission(action) for action in ("add", "change", "delete")):
            url = reverse("affinity_known_names:import")
            buttons.append(Button(_("Import from CSV"), url=url, icon_name="upload", priority=80))
        return buttons

    def get_base_queryset(self) -> QuerySet[GazetteerName]:
        return GazetteerName.objects.select_related("topic")

    def search_queryset(self, queryset: QuerySet[GazetteerName]) -> QuerySet[GazetteerName]:
        if not self.is_searching:
            return queryset
        words = Func(F("aliases"), Value("\n"), function="array_to_string", output_field=TextField())
        query = self.search_query
        return queryset.annotate(words=words).filter(Q(name__icontains=query) | Q(words__icontains=query))


class KnownNameCreateView(generic.CreateView):
    """A new known name; `?name=` and `?label=` fill the form in."""

    def get_initial(self) -> dict[str, Any]:
        return {field: self.request.GET[field] for field in ("name", "label") if field in self.request.GET}


class KnownNameViewSet(ModelViewSet):
    """Everything an editor does with known names."""

    model = GazetteerName
    name = "affinity_known_names"
    url_prefix = "affinity/known-names"
    icon = "affinity-known-names"
    menu_hook = "register_affinity_menu_item"
    menu_label = _("Known names")
    menu_name = "affinity-known-names"
    menu_order = 125
    list_per_page = 50
    copy_view_enabled = False
    index_view_class = KnownNameIndexView
    add_view_class = KnownNameCreateView

    def get_form_class(self, for_update: bool = False) -> type[KnownNameForm]:
        return KnownNameForm

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        view_kwargs: dict[str, Any] = super().get_index_view_kwargs(**kwargs)
        return {key: value for key, value in view_kwargs.items() if key not in OWN}

    def get_urlpatterns(self) -> list[URLPattern]:
        return [*super().get_urlpatterns(), path("import/", self.construct_view(NamesImportView), name="import")]


def _aliases(known: GazetteerName) -> str:
    more = "…" if len(known.aliases) > SHOWN_ALIASES else ""
    return ", ".join(known.aliases[:SHOWN_ALIASES]) + more


def _wikidata(known: GazetteerName) -> Any:
    return item_link(known.wikidata_id)


known_name_viewset = KnownNameViewSet()
