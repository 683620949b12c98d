"""Learned segments in Wagtail's admin: how they are learned, what was found, and which version is used."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets.button import HeaderButton
from wagtail.permission_policies import ModelPermissionPolicy

from personalization import tasks
from personalization.columns import WideColumn, number_in_words
from personalization.conf import settings
from personalization.models import LearnedCluster, LearnedSegmentation, LearnedVersion
from personalization.operations import learning

from .learned_report import clearness, cluster_rows, in_words, stability_line, version_rows

REPORT = "personalization_learned:inspect"


class LearnedForm(WagtailAdminModelForm):
    """How segments are learned. The form shows what belongs to the method that is chosen."""

    @property
    def media(self) -> forms.Media:
        media: forms.Media = super().media
        return media + forms.Media(css={"all": ["personalization/admin/affinity.css"]})


class LearnedIndexView(generic.IndexView):
    """The list; a name leads to what was found."""

    @cached_property
    def columns(self) -> list[Column]:
        return [
            TitleColumn("name", label=_("Name"), sort_key="name", get_url=lambda row: reverse(REPORT, args=[row.pk])),
            WideColumn("method", label=_("Method"), accessor=_short_method),
            Column("found", label=_("Segments"), accessor=_found),
            Column("state", label=_("State"), accessor=_state),
            BooleanColumn("is_enabled", label=_("Enabled"), sort_key="is_enabled"),
            DateColumn("tried_at", label=_("Last fit"), sort_key="tried_at", classname="affinity-wide"),
        ]

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().select_related("current").defer("current__parameters")


class LearnsOnSaveMixin:
    """Has a worker fit anew what was just saved, and leads to where that is seen."""

    request: HttpRequest
    object: LearnedSegmentation

    def save_instance(self) -> LearnedSegmentation:
        instance: LearnedSegmentation = super().save_instance()  # type: ignore[misc]
        if instance.is_enabled:
            learning.ask(instance)
            tasks.learn_soon()
        else:
            tasks.score_soon()
        return instance

    def get_success_url(self) -> str:
        return reverse(REPORT, args=[self.object.pk])

    def get_success_buttons(self) -> list[Any]:
        return []


class LearnedCreateView(LearnsOnSaveMixin, generic.CreateView):
    """The form for a new one."""


class LearnedEditView(LearnsOnSaveMixin, generic.EditView):
    """The form for one that is there."""

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        return [HeaderButton(gettext("Report"), url=reverse(REPORT, args=[self.object.pk]), icon_name="group")]


class LearnedDeleteView(generic.DeleteView):
    """Its segments stay, since placements may use them, and match nobody."""

    @property
    def confirmation_message(self) -> str:
        return gettext("Delete “%(name)s”? Its segments stay, and nobody will belong to them any more.") % {
            "name": self.object
        }

    def delete_action(self) -> None:
        super().delete_action()
        tasks.score_soon()


class LearnedReportView(generic.InspectView):
    """The segments of the version in use, the versions before, and what came of the last fit."""

    template_name = "personalization/admin/learned/report.html"
    page_title = _("Learned segments")

    @cached_property
    def header_buttons(self) -> list[HeaderButton]:
        if not self.user_has_permission("change"):
            return []
        url = reverse("personalization_learned:edit", args=[self.object.pk])
        return [HeaderButton(gettext("Settings"), url=url, icon_name="cog")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        current = self.object.current
        versions = version_rows(self.object)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "segmentation": self.object,
            "method": _short_method(self.object),
            "is_busy": self.object.is_busy,
            "can_change": self.user_has_permission("change"),
            "outcome": in_words(self.object.outcome),
            "current": current,
            "clusters": cluster_rows(current) if current else [],
            "clearness": clearness(current.silhouette) if current and current.silhouette is not None else "",
            "versions": versions,
            "stability_line": stability_line(versions),
            "floor": settings.LEARNED_MIN_STABILITY,
            "floor_y": f"{100 - 100 * settings.LEARNED_MIN_STABILITY:.2f}",
            "k": settings.K_ANONYMITY,
            "needed": settings.LEARNED_MIN_VISITORS,
            "goal_days": settings.LEARNED_GOAL_DAYS,
        }


class LearnedActionView(PermissionCheckedMixin, View):
    """Something done to a learned segmentation by whoever may change it; leads back to its report."""

    permission_policy = ModelPermissionPolicy(LearnedSegmentation)
    permission_required = "change"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int, **kwargs: Any) -> HttpResponse:
        self.act(get_object_or_404(LearnedSegmentation, pk=pk), **kwargs)
        return redirect(REPORT, pk)

    def act(self, segmentation: LearnedSegmentation, **kwargs: Any) -> None:
        raise NotImplementedError


class FitView(LearnedActionView):
    """Asks for a fit now."""

    def act(self, segmentation: LearnedSegmentation, **kwargs: Any) -> None:
        learning.ask(segmentation, self.request.user)  # type: ignore[arg-type]
        tasks.learn_soon()


class UseView(LearnedActionView):
    """Puts another version in use: an earlier one, or one that was refused."""

    def act(self, segmentation: LearnedSegmentation, **kwargs: Any) -> None:
        version = get_object_or_404(LearnedVersion, segmentation=segmentation, number=kwargs["number"])
        learning.use_version(version, self.request.user)  # type: ignore[arg-type]
        tasks.learn_soon()
        text = gettext("Version %(number)d is in use. A worker is applying it to all visitors.")
        messages.success(self.request, text % {"number": version.number})


class RenameView(LearnedActionView):
    """Gives a cluster's segment another name."""

    def act(self, segmentation: LearnedSegmentation, **kwargs: Any) -> None:
        cluster = get_object_or_404(
            LearnedCluster.objects.select_related("segment"), segmentation=segmentation, pk=kwargs["cluster"]
        )
        name = self.request.POST.get("name", "").strip()
        try:
            learning.rename(cluster, name, self.request.user)  # type: ignore[arg-type]
        except ValidationError as error:
            messages.error(self.request, " ".join(error.messages))
        else:
            messages.success(self.request, gettext("The segment is now called “%(name)s”.") % {"name": name})


class ProgressView(PermissionCheckedMixin, View):
    """How far a fit is, as a fragment that the report asks for again and again; 204 when there is none."""

    permission_policy = ModelPermissionPolicy(LearnedSegmentation)
    any_permission_required = ("add", "change", "delete", "view")

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        segmentation = get_object_or_404(LearnedSegmentation, pk=pk)
        if not segmentation.is_busy:
            return HttpResponse(status=204)
        template = "personalization/admin/learned/progress.html"
        return TemplateResponse(request, template, {"segmentation": segmentation})


class LearnedViewSet(ModelViewSet):
    """Segments that the site finds by itself."""

    model = LearnedSegmentation
    name = "personalization_learned"
    url_prefix = "affinity/learned-segments"
    icon = "group"
    menu_label = _("Learned segments")
    index_view_class = LearnedIndexView
    add_view_class = LearnedCreateView
    edit_view_class = LearnedEditView
    delete_view_class = LearnedDeleteView
    inspect_view_enabled = True
    inspect_view_class = LearnedReportView
    search_fields = ("name",)
    list_filter = ("method", "is_enabled")
    ordering = ("name",)

    def get_edit_handler(self) -> Any:
        panels = [
            MultiFieldPanel(
                [FieldPanel("name"), FieldPanel("method"), FieldPanel("is_enabled")], heading=_("Learned segments")
            ),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("least_clusters"), FieldPanel("most_clusters")]), FieldPanel("seed")],
                heading=_("Groups of alike visitors"),
                classname="affinity-learned-crowds",
            ),
            MultiFieldPanel(
                [
                    FieldPanel("goal"),
                    FieldPanel("goal_page"),
                    FieldPanel("goal_placement"),
                    FieldPanel("likeliest_percent"),
                ],
                heading=_("Visitors likely to reach a goal"),
                classname="affinity-learned-goal",
            ),
        ]
        return ObjectList(panels, base_form_class=LearnedForm).bind_to_model(self.model)

    def get_urlpatterns(self) -> list[Any]:
        return [
            *super().get_urlpatterns(),
            path("<int:pk>/fit/", FitView.as_view(), name="fit"),
            path("<int:pk>/progress/", ProgressView.as_view(), name="progress"),
            path("<int:pk>/use/<int:number>/", UseView.as_view(), name="use"),
            path("<int:pk>/rename/<int:cluster>/", RenameView.as_view(), name="rename"),
        ]


def _short_method(segmentation: LearnedSegmentation) -> str:
    """The method's name without what explains it in the form."""
    return str(segmentation.get_method_display()).partition(": ")[2].partition(",")[0]


def _found(segmentation: LearnedSegmentation) -> str:
    return str(len(segmentation.current.clusters)) if segmentation.current else "–"


def _state(segmentation: LearnedSegmentation) -> str:
    if segmentation.is_busy:
        return gettext("being learned")
    if segmentation.outcome:
        return gettext("last fit not used")
    version = segmentation.current
    if version is None:
        return gettext("not learned yet")
    if auc := version.evaluation.get("auc"):
        return gettext("AUC %(auc)s") % {"auc": number_in_words(auc)}
    return gettext("silhouette %(value)s") % {"value": number_in_words(version.silhouette or 0.0)}
