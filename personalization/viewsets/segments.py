"""Segments in Wagtail's admin."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import AccessMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.panels import FieldPanel, HelpPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton

from personalization.columns import WideColumn
from personalization.exceptions import InvalidRules
from personalization.models import Segment
from personalization.segmentation import References, parse_rules
from personalization.visitors.estimates import Estimate, estimate, estimate_all
from personalization.visitors.references import load_references, segments_that_name, usable_trees

from .estimate_words import in_words, visitors_in_words
from .rule_form import EstimateForm, SegmentForm
from .rule_names import Names, names_in
from .rule_words import describe, placed_error_in_words
from .segment_page import SegmentPageView, SegmentPreviewView

EDIT = ("add", "change")


class SegmentIndexView(generic.IndexView):
    """The list, with each segment's rules in words and how many visitors match them."""

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column("name"),
            WideColumn("rules", label=_("Who belongs"), accessor=self._words),
            Column("visitors", label=_("Visitors, 30 days"), accessor=self._visitors),
            BooleanColumn("is_enabled", label=pgettext_lazy("segment", "Enabled"), sort_key="is_enabled"),
            DateColumn("updated_at", label=_("Updated"), sort_key="updated_at", classname="affinity-wide"),
        ]

    def get_list_more_buttons(self, instance: Segment) -> list[Any]:
        """ "Inspect" goes by what it shows."""
        buttons: list[Any] = super().get_list_more_buttons(instance)
        for button in buttons:
            if button.url == self.get_inspect_url(instance):
                button.label = gettext("Visitors")
        return buttons

    def _words(self, segment: Segment) -> str:
        return describe(segment.rules, self._names, self._references, segment.pk)

    def _visitors(self, segment: Segment) -> str:
        return visitors_in_words(self._estimates.get(segment.pk))

    @cached_property
    def _references(self) -> References:
        return load_references()

    @cached_property
    def _names(self) -> Names:
        return names_in(known.rules for known in self._references.segments.values())

    @cached_property
    def _estimates(self) -> dict[int, Estimate]:
        return estimate_all(usable_trees(self._references))


class SegmentEditView(generic.EditView):
    """The form. Says so where stored rules cannot be used, before they are saved over."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            parse_rules(self.object.rules, load_references(), self.object.pk)
        except InvalidRules as error:
            text = gettext("The stored rules cannot be used, so nobody matches: %(error)s. Correct and save them.")
            messages.warning(self.request, text % {"error": placed_error_in_words(error)})
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        url = f"{reverse('personalization_why:index')}?segment={self.object.pk}"
        visitors = reverse("personalization_segments:inspect", args=[self.object.pk])
        return [
            HeaderButton(gettext("Visitors"), url=visitors, icon_name="group"),
            HeaderButton(gettext("Why this?"), url=url, icon_name="help"),
        ]


class EstimateView(AccessMixin, View):
    """How many visitors the posted rules would match, as a fragment for the form. Stores nothing."""

    http_method_names = ["post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not any(request.user.has_perm(f"personalization.{action}_segment") for action in EDIT):
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        template = "personalization/admin/estimate_result.html"
        try:
            segment = request.GET.get("segment", "")
            form = EstimateForm(request.POST, segment_id=int(segment) if segment else None)
            is_valid = form.is_valid()
        except (KeyError, ValueError):
            # Not what the form posts: a stream without its count, or a count that is no number.
            return TemplateResponse(request, template, {"estimate": None}, status=400)
        return TemplateResponse(request, template, _estimated(form) if is_valid else {"estimate": None})


def _estimated(form: EstimateForm) -> dict[str, Any]:
    """The counts of the form's rules, beside those of the other segments that are in use."""
    known = form.references.segments
    trees = usable_trees(form.references)
    others = {pk: tree for pk, tree in trees.items() if pk != form.segment_id and known[pk].is_enabled}
    found = estimate(form.tree, others)
    return {"estimate": found, "words": in_words(found, {pk: known[pk].name for pk in others})}


class SegmentDeleteView(generic.DeleteView):
    """Refuses while other segments' rules name this one, since nobody would belong to it any more."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        users = [known.name for known in segments_that_name(self.object.pk, load_references())]
        if not users:
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
            return response
        text = gettext(
            "“%(name)s” cannot be deleted: the rules of %(users)s name it. Change them first, or disable it."
        )
        messages.error(request, text % {"name": self.object, "users": ", ".join(f"“{user}”" for user in users)})
        return redirect("personalization_segments:edit", self.object.pk)


class SegmentViewSet(ModelViewSet):
    """Groups of visitors by rule."""

    model = Segment
    name = "personalization_segments"
    url_prefix = "affinity/segments"
    icon = "group"
    menu_label = _("Segments")
    index_view_class = SegmentIndexView
    edit_view_class = SegmentEditView
    delete_view_class = SegmentDeleteView
    inspect_view_enabled = True
    inspect_view_class = SegmentPageView
    search_fields = ("name", "description")
    list_filter = ("is_enabled",)
    list_export = ("name", "description", "is_enabled")
    ordering = ("name",)

    def get_edit_handler(self) -> Any:
        panels = [
            MultiFieldPanel(
                [FieldPanel("name"), FieldPanel("public_name"), FieldPanel("description"), FieldPanel("is_enabled")],
                heading=_("Segment"),
            ),
            MultiFieldPanel(
                [
                    HelpPanel(template="personalization/admin/estimate_panel.html"),
                    FieldPanel("match"),
                    FieldPanel("rules"),
                ],
                heading=_("Who belongs"),
                help_text=_("Visitors are checked anew at every page. A group of rules may hold further groups."),
            ),
        ]
        return ObjectList(panels, base_form_class=SegmentForm).bind_to_model(self.model)

    def get_urlpatterns(self) -> list[Any]:
        return [
            *super().get_urlpatterns(),
            path("estimate/", EstimateView.as_view(), name="estimate"),
            path("<int:pk>/preview/<int:page_id>/", SegmentPreviewView.as_view(), name="preview"),
        ]
