"""A placement's tuned settings in Wagtail's admin: proposals to decide on, what is in force, every version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.panels import HelpPanel
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.permission_policies import ModelPermissionPolicy

from personalization.exceptions import AlreadyDecided
from personalization.models import Placement, PlacementTuning
from personalization.operations import tuning
from personalization.recommendation.tuning import Setting

from .tuning_words import TuningRow, in_short, tuning_row, whom_in_words
from .undo import with_undo

POLICY = ModelPermissionPolicy(Placement)
ANY = ("add", "change", "delete", "view")
Act = Callable[[PlacementTuning, Any], PlacementTuning]


def page_of(placement_id: int) -> str:
    return reverse("personalization_placements:tuning", args=[placement_id])


class TuningView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """Proposals with their figures and buttons, then every version."""

    template_name = "personalization/admin/tuning/report.html"
    header_icon = "sliders"
    permission_policy = POLICY
    any_permission_required = ANY

    @cached_property
    def placement(self) -> Placement:
        return get_object_or_404(Placement, pk=self.kwargs["pk"])

    def get_page_title(self) -> str:
        return gettext("Tuning of %(placement)s") % {"placement": self.placement.name}

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        own = [
            {"url": reverse("personalization_placements:index"), "label": gettext("Placements")},
            {"url": reverse("personalization_placements:edit", args=[self.placement.pk]), "label": self.placement.name},
            {"url": "", "label": gettext("Tuning")},
        ]
        return [*self.breadcrumbs_items, *own]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        in_force = tuning.in_force(self.placement)
        found = self.placement.tunings.select_related("segment", "decided_by").order_by("-number")
        rows = [tuning_row(one, in_force) for one in found]
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "placement": self.placement,
            "present": in_short(tuning.setting_of(self.placement)),
            "rows": [row for row in rows if not row.is_open],
            "proposals": [row for row in rows if row.is_open],
            "can_change": POLICY.user_has_permission(self.request.user, "change"),
        }


class DecideView(PermissionCheckedMixin, View):
    """An editor's word on one version; leads back to the placement's versions."""

    permission_policy = POLICY
    permission_required = "change"
    http_method_names = ["post"]
    act: Act
    done: str | Promise = ""
    may_be_undone = False

    def post(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        found = get_object_or_404(PlacementTuning.objects.select_related("placement"), placement=pk, number=number)
        try:
            decided = type(self).act(found, request.user)
        except AlreadyDecided:
            messages.warning(request, gettext("Nothing was changed: it was decided on, or replaced, meanwhile."))
            return redirect(page_of(pk))
        text = str(self.done) % {"number": number, "whom": whom_in_words(decided)}
        undo = reverse("personalization_placements:tuning_undo", args=[pk, number])
        messages.success(request, with_undo(text, undo) if self.may_be_undone else text)
        return redirect(page_of(pk))


class ApproveView(DecideView):
    act = staticmethod(tuning.approve)
    done = _("Setting %(number)d is served now. %(whom)s: from the next list on.")
    may_be_undone = True


class DeclineView(DecideView):
    act = staticmethod(tuning.decline)
    done = _("Setting %(number)d is declined. %(whom)s: nothing changes.")


class UndoView(DecideView):
    act = staticmethod(tuning.undo)
    done = _("Setting %(number)d is taken back. %(whom)s: what was served before is served again.")


class TuningPanel(HelpPanel):
    """In the placement's form: what waits for a decision, and whose readers are served by another setting."""

    class BoundPanel(HelpPanel.BoundPanel):
        def is_shown(self) -> bool:
            return bool(self.instance.pk) and self.instance.tunings.exists()

        @cached_property
        def waiting(self) -> int:
            return tuning.open_proposals(self.instance).count()

        @cached_property
        def own(self) -> list[tuple[str, str, int]]:
            """Whom, what and the version's number, of each segment with a setting of its own."""
            found = [one for one in tuning.in_force(self.instance) if one.segment_id is not None]
            return [(whom_in_words(one), in_short(Setting.from_json(one.proposed)), one.number) for one in found]

        @property
        def has_weights(self) -> bool:
            return bool(self.instance.weights)

        @property
        def url(self) -> str:
            return page_of(self.instance.pk)


def urlpatterns() -> list[Any]:
    """Below a placement's address."""
    return [
        path("<int:pk>/tuning/", TuningView.as_view(), name="tuning"),
        path("<int:pk>/tuning/<int:number>/approve/", ApproveView.as_view(), name="tuning_approve"),
        path("<int:pk>/tuning/<int:number>/decline/", DeclineView.as_view(), name="tuning_decline"),
        path("<int:pk>/tuning/<int:number>/undo/", UndoView.as_view(), name="tuning_undo"),
    ]


__all__ = ["TuningPanel", "TuningRow", "TuningView", "page_of", "urlpatterns"]
