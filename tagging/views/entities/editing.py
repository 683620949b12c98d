"""One entity: what editors say about it, the names merged into it, and the pages that name it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.views import generic
from wagtail.admin.widgets import Button

from tagging.models import Entity, EntityMerge, PageEntity, Topic
from tagging.operations import entities
from tagging.operations.merge_candidates import MergeCandidate, merge_candidates
from tagging.tasks import wake_sweep
from tagging.views.permissions import editable_pages
from tagging.views.topic_form import ParentField
from tagging.views.wikidata import WikidataField, item_link, search_link

SHOWN = 100
REASONS = {
    "words": _("the same words"),
    "initials": _("its initials"),
    "part": _("a part of the name"),
    "spelling": _("a similar spelling"),
}


class EntityForm(WagtailAdminModelForm):
    """What editors may say about an entity."""

    topic = ParentField(
        label=_("Topic"),
        queryset=Topic.objects.none(),
        required=False,
        empty_label=_("— None —"),
        help_text=_("Pages that name this are likely to be on this topic."),
    )
    wikidata_id = WikidataField()

    class Meta:
        model = Entity
        fields = ["name", "topic", "wikidata_id", "is_hidden"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["topic"].queryset = Topic.objects.order_by("path")
        self.fields["name"].help_text = _("How it is called here. Texts are still searched for the name they have.")

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def apply(self, user: Any) -> Entity:
        """Do what the form says, each change on its own, so that the history tells them apart."""
        entity = Entity.objects.get(pk=self.instance.pk)
        data = self.cleaned_data
        entities.rename(entity, data["name"], user)
        entities.link(entity, data["topic"], user)
        entities.identify(entity, data["wikidata_id"], user)
        (entities.hide if data["is_hidden"] else entities.unhide)(entity, user)
        return entity


class AboutEntity:
    """What both views of an entity show of it, besides the form. A merged one gives way to what it is merged into."""

    object: Entity
    request: HttpRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        merged = Entity.objects.filter(pk=kwargs["pk"], canonical__isnull=False).first()
        if merged and request.resolver_match:
            return redirect(request.resolver_match.view_name, merged.canonical_id)
        # A mixin: the view that has `dispatch` comes after it.
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def about(self, *, can_change: bool) -> dict[str, Any]:
        """The context of `tagging/entities/about.html`."""
        pages = editable_pages(self.request.user).values("pk")
        named = PageEntity.objects.filter(Q(entity=self.object) | Q(entity__canonical=self.object), page__in=pages)
        shown = named.order_by("-salience").values_list("page_id", flat=True)[:SHOWN]
        rows = PageEntity.objects.filter(Q(entity=self.object) | Q(entity__canonical=self.object), page__in=list(shown))
        titles = editable_pages(self.request.user).select_related("locale").in_bulk(list(shown))
        joined = sorted(rows.resolved(visible_only=False), key=lambda row: -row.salience)
        return {
            "can_change": can_change,
            "merges": EntityMerge.objects.filter(source__canonical=self.object).select_related("source", "merged_by"),
            "candidates": self.candidates() if can_change else (),
            "rows": [(titles[row.page_id], row) for row in joined],
            "hidden_count": max(named.values("page_id").distinct().count() - SHOWN, 0),
            "wikidata_item": item_link(self.object.wikidata_id),
            "wikidata_search": search_link(self.object.name),
        }

    def candidates(self) -> Sequence[tuple[MergeCandidate, Any]]:
        return [(found, REASONS[found.reason]) for found in merge_candidates(self.object)]


class EntityEditView(AboutEntity, generic.EditView):
    """The form, above what is known."""

    template_name = "tagging/entities/edit.html"
    success_message = _("“%(object)s” was saved.")

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        buttons: list[Any] = super().header_more_buttons
        url = reverse("affinity_entities:merge", args=[self.object.pk])
        buttons.append(Button(_("Merge into another name"), url=url, icon_name="resubmit", priority=15))
        return buttons

    def save_instance(self) -> Entity:
        entity: Entity = self.form.apply(self.request.user)
        wake_sweep()
        return entity

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | self.about(can_change=True)

    def get_success_url(self) -> str:
        return reverse("affinity_entities:edit", args=[self.object.pk])


class EntityInspectView(AboutEntity, generic.InspectView):
    """The same without the form, for those who may not change entities."""

    template_name = "tagging/entities/inspect.html"

    def get_page_title(self) -> Any:
        return self.object.get_label_display()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | self.about(can_change=False)


def edit_url(entity: Entity) -> str:
    """Where an entity is edited."""
    return reverse("affinity_entities:edit", args=[entity.pk])


def back_to(entity: Entity) -> HttpResponse:
    """To the page of an entity, or of what it is merged into."""
    return redirect(edit_url(entity.canonical or entity))
