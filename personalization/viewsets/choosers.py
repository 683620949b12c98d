"""What a rule's field opens to choose from: topics and segments, searched by name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms.choosers import BaseFilterForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views.generic.chooser import BaseChooseView, ChooseResultsView, ChooseView
from wagtail.admin.viewsets.chooser import ChooserViewSet

from tagging import index


class NameFilterForm(BaseFilterForm):
    """A search for part of a name, without a search index: a site has few enough of what is chosen here."""

    q = forms.CharField(
        label=_("Search term"), required=False, widget=forms.TextInput(attrs={"placeholder": _("Search")})
    )

    def filter(self, objects: QuerySet[Any]) -> QuerySet[Any]:
        words = self.cleaned_data.get("q", "").split()
        self.is_searching, self.search_query = bool(words), " ".join(words)
        return objects.filter(*(Q(name__icontains=word) for word in words))


class ByName(BaseChooseView):
    """A list to choose from, by name, with one more column that tells two of the same name apart."""

    filter_form_class = NameFilterForm
    note_label: Any = ""

    def notes(self) -> dict[int, str]:
        """Id → the note beside the name, for the page of results shown."""
        return {}

    @cached_property
    def _notes(self) -> dict[int, str]:
        return self.notes()

    @property
    def columns(self) -> list[Column]:
        note = Column("note", label=self.note_label, accessor=lambda found: self._notes.get(found.pk, ""))
        return [*super().columns, note]


class Topics(ByName):
    ordering = "path"
    note_label = _("Below")

    def notes(self) -> dict[int, str]:
        return index.topic_trails([topic.pk for topic in self.results])


class Segments(ByName):
    ordering = ("name", "pk")
    note_label = _("Description")

    def notes(self) -> dict[int, str]:
        return {segment.pk: segment.description for segment in self.results}


def _views(kind: type[ByName]) -> dict[str, Any]:
    """A chooser's two views of one list: with the search form round it, and the results alone."""
    return {
        "choose_view_class": type(f"Choose{kind.__name__}", (kind, ChooseView), {}),
        "choose_results_view_class": type(f"Choose{kind.__name__}Results", (kind, ChooseResultsView), {}),
    }


topic_chooser = ChooserViewSet(
    "personalization_topic_chooser",
    model="tagging.Topic",
    icon="tag",
    register_widget=False,
    choose_one_text=_("Choose a topic"),
    choose_another_text=_("Choose another topic"),
    edit_item_text=_("Edit this topic"),
    **_views(Topics),
)
segment_chooser = ChooserViewSet(
    "personalization_segment_chooser",
    model="personalization.Segment",
    icon="group",
    register_widget=False,
    choose_one_text=_("Choose a segment"),
    choose_another_text=_("Choose another segment"),
    edit_item_text=_("Edit this segment"),
    **_views(Segments),
)
CHOOSERS = (topic_chooser, segment_chooser)
