"""Choosing an entity in a modal, by a part of one of its names."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import (
    BaseChooseView,
    ChooseResultsViewMixin,
    ChooseViewMixin,
    CreationFormMixin,
)
from wagtail.admin.viewsets.chooser import ChooserViewSet

from tagging.models import Entity


def named_like(entities: QuerySet[Entity], query: str) -> QuerySet[Entity]:
    """Entities with the words in their name, or in one that was merged into them, or with this Wikidata id."""
    merged = Entity.objects.filter(name__icontains=query, canonical__isnull=False).values("canonical")
    return entities.filter(Q(name__icontains=query) | Q(pk__in=merged) | Q(wikidata_id__iexact=query))


class EntitySearchForm(BaseFilterForm):
    """What the modal's search field finds."""

    q = forms.CharField(
        label=_("Search term"), required=False, widget=forms.TextInput(attrs={"placeholder": _("Search names")})
    )

    def filter(self, objects: QuerySet[Entity]) -> QuerySet[Entity]:
        found: QuerySet[Entity] = super().filter(objects)
        if query := self.cleaned_data.get("q"):
            self.is_searching, self.search_query = True, query
            found = named_like(found, query)
        return found


class BaseEntityChooseView(BaseChooseView):
    """Names with their kind."""

    filter_form_class = EntitySearchForm

    @property
    def columns(self) -> list[Any]:
        return [*super().columns, Column("get_label_display", label=_("Kind"), accessor="get_label_display")]

    def get_object_list(self) -> QuerySet[Entity]:
        return Entity.objects.filter(canonical__isnull=True)


class EntityChooseView(ChooseViewMixin, CreationFormMixin, BaseEntityChooseView):
    """The modal."""


class EntityChooseResultsView(ChooseResultsViewMixin, CreationFormMixin, BaseEntityChooseView):
    """What it finds."""


class EntityChooserViewSet(ChooserViewSet):
    """A modal for entities; what is merged into another one cannot be chosen."""

    model = Entity
    icon = "affinity-entities"
    choose_one_text = _("Choose a name")
    choose_another_text = _("Choose another name")
    edit_item_text = _("Edit this name")
    choose_view_class = EntityChooseView
    choose_results_view_class = EntityChooseResultsView
    register_widget = False


entity_chooser_viewset = EntityChooserViewSet("affinity_entity_chooser", url_prefix="affinity/entities/choose")
