"""The people, organisations and places that pages name: a list to read, and where each is named."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.urls import URLPattern
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column, NumberColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet

from tagging.models import Entity

from .permissions import editable_pages

SHOWN = 100


class EntityFilterSet(WagtailFilterSet):
    """Entities by kind."""

    label = django_filters.MultipleChoiceFilter(
        label=_("Kind"), choices=Entity.Label.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Entity
        fields = ["label"]


class EntityIndexView(generic.IndexView):
    """All entities, those on most pages first."""

    default_ordering = "-page_count"
    page_title = _("Entities")
    filterset_class = EntityFilterSet
    search_fields = ["name"]
    list_export = ["name", "get_label_display", "page_count", "mention_count"]
    export_headings = {
        "name": _("Name"),
        "get_label_display": _("Kind"),
        "page_count": _("Pages"),
        "mention_count": _("Mentions"),
    }

    @cached_property
    def columns(self) -> list[Any]:
        return [
            TitleColumn("name", label=_("Name"), sort_key="name", get_url=self.get_inspect_url),
            Column("get_label_display", label=_("Kind"), sort_key="label"),
            NumberColumn("page_count", label=_("Pages"), sort_key="page_count"),
            NumberColumn("mention_count", label=_("Mentions"), sort_key="mention_count"),
        ]

    def get_base_queryset(self) -> QuerySet[Entity]:
        return Entity.objects.annotate(
            page_count=Count("pages"), mention_count=Coalesce(Sum("pages__count"), 0)
        ).filter(page_count__gt=0)

    def order_queryset(self, queryset: QuerySet[Entity]) -> QuerySet[Entity]:
        ordered: QuerySet[Entity] = super().order_queryset(queryset)
        return ordered.order_by(*ordered.query.order_by, "name", "pk")


class EntityInspectView(generic.InspectView):
    """One entity: the pages that name it, with the sentences."""

    template_name = "tagging/entities/inspect.html"

    def get_page_title(self) -> Any:
        return self.object.get_label_display()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        pages = self.object.pages.filter(page__in=editable_pages(self.request.user).values("pk"))
        context["rows"] = pages.select_related("page__locale")[:SHOWN]
        context["hidden_count"] = max(pages.count() - SHOWN, 0)
        return context


class EntityViewSet(ModelViewSet):
    """Entities can be read; the analysis alone writes them."""

    model = Entity
    name = "affinity_entities"
    url_prefix = "affinity/entities"
    icon = "affinity-entities"
    menu_hook = "register_affinity_menu_item"
    menu_label = _("Entities")
    menu_name = "affinity-entities"
    menu_order = 120
    list_per_page = 50
    form_fields: list[str] = []
    inspect_view_enabled = True
    copy_view_enabled = False
    index_view_class = EntityIndexView
    inspect_view_class = EntityInspectView
    index_results_template_name = "tagging/entities/index_results.html"
    inspect_template_name = "tagging/entities/inspect.html"
    search_fields = ["name"]

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        writing = ("add", "edit", "delete", "history", "usage")
        common: dict[str, Any] = super().get_common_view_kwargs(**kwargs)
        return common | {f"{action}_url_name": None for action in writing}

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        view_kwargs: dict[str, Any] = super().get_index_view_kwargs(**kwargs)
        own = ("list_display", "default_ordering", "filterset_class", "list_export", "export_headings")
        return {key: value for key, value in view_kwargs.items() if key not in own}

    def get_urlpatterns(self) -> list[URLPattern]:
        reading = {"index", "index_results", "inspect"}
        return [pattern for pattern in super().get_urlpatterns() if pattern.name in reading]

    def register_admin_url_finder(self) -> None:
        """Nothing: entities have no page on which they are edited."""


entity_viewset = EntityViewSet()
