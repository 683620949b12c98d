"""What a placement would show as it stands in its form: drawn anew while the form is edited."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib.auth.mixins import AccessMixin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from wagtail.admin.panels import HelpPanel
from wagtail.admin.widgets import AdminPageChooser
from wagtail.permission_policies.pages import PagePermissionPolicy

from personalization.models import Placement, Segment
from personalization.operations import Explanation, explain, rearranged, render_items
from personalization.operations.placements import config_of
from personalization.operations.tuning import held_by
from personalization.recommendation.arrangement import Prepared
from personalization.recommendation.placement import PlacementConfig
from personalization.types import RecQuery
from personalization.visitors.representative import representative_profile

from .slate_sheet import sheets
from .why_this import empty_hints, query_for

KEEP_SECONDS = 60
PREFIX = "preview"

SLIDERS: Mapping[str, Any] = {
    "diversity": 0.0,
    "max_per_topic": None,
    "max_per_author": None,
    "max_per_section": None,
    "freshness_days": None,
    "popularity_debias": 0.0,
    "patience": None,
    "exploration": 0.0,
}
"""Settings that need nothing to be read anew, each with the value that switches it off."""


class PreviewForm(forms.Form):
    """Beside which page, and for whom."""

    segment = forms.ModelChoiceField(
        Segment.objects.all(), label=_("For readers in"), required=False, empty_label=_("No segment: nothing is known")
    )

    prefix = PREFIX

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["page"] = forms.ModelChoiceField(
            PagePermissionPolicy().explorable_instances(user).filter(depth__gt=1),
            label=_("Beside the page"),
            required=False,
            widget=AdminPageChooser(),
        )


class PreviewPanel(HelpPanel):
    """Where the preview appears, above the sliders that it follows."""

    class BoundPanel(HelpPanel.BoundPanel):
        @cached_property
        def preview_form(self) -> PreviewForm:
            return PreviewForm(user=self.request.user)

        @property
        def media(self) -> forms.Media:
            own = forms.Media(
                js=["personalization/admin/while-edited.js", "personalization/admin/placement-preview.js"]
            )
            media: forms.Media = super().media + self.preview_form.media + own
            return media


class PreviewView(AccessMixin, View):
    """The list that the posted form would make, as a fragment. Stores nothing, counts nothing."""

    http_method_names = ["post"]
    form_class: Any = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not any(request.user.has_perm(f"personalization.{action}_placement") for action in ("add", "change")):
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, pk: int | None = None) -> HttpResponse:
        placement = get_object_or_404(Placement, pk=pk) if pk else Placement()
        form = self.form_class(request.POST, instance=placement, for_user=request.user)
        asked = PreviewForm(request.POST, user=request.user)
        template = "personalization/admin/placement_preview.html"
        if not (form.is_valid() and asked.is_valid()):
            return TemplateResponse(request, template, {"is_wrong": True})
        return TemplateResponse(request, template, self._shown(form.save(commit=False), **asked.cleaned_data))

    def _shown(self, placement: Placement, segment: Segment | None, page: Any) -> dict[str, Any]:
        profile = representative_profile([segment.pk]) if segment else None
        query = query_for(self.request, placement, segment, page, profile)
        explanation = _explained(query, config_of(placement).for_segments(query.segments))
        found = sheets(explanation)
        items = render_items(explanation.slate, self.request)
        rows = [(item, found[item.page.pk]) for item in items]
        own = held_by(placement, query.segments) if placement.pk else None
        return {"rows": rows, "hints": [] if rows else empty_hints(placement, page), "own": own}


def _explained(query: RecQuery, config: PlacementConfig) -> Explanation:
    """While only sliders move, from what was read for the first of those lists: `KEEP_SECONDS` old at most."""
    hour = query.context.at.replace(minute=0, second=0, microsecond=0)
    asked = replace(query, context=replace(query.context, at=hour))
    scope = repr((replace(config, **SLIDERS), [hash(rule.pages) for rule in config.rules], asked))
    key = f"personalization:preview:{hashlib.blake2b(scope.encode(), digest_size=16).hexdigest()}"
    prepared: Prepared | None = cache.get(key)
    if prepared is not None:
        return rearranged(prepared, query, config)
    explanation = explain(query, config)
    cache.set(key, explanation.prepared, KEEP_SECONDS)
    return explanation
