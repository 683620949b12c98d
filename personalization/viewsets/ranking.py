"""The learned ranker in Wagtail's admin: what ranks, why, which versions there were, and one click back."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView, View
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin
from wagtail.admin.viewsets.base import ViewSet
from wagtail.permission_policies import ModelPermissionPolicy

from personalization import tasks
from personalization.conf import settings
from personalization.models import Ranker, RankerVersion
from personalization.operations import rankers

from .learned_report import in_words
from .ranking_report import influence_rows, place_rows, version_rows
from .sequences_report import sequences_state
from .undo import with_undo

REPORT = "personalization_ranking:index"
POLICY = ModelPermissionPolicy(Ranker)
ANY = ("add", "change", "delete", "view")


class RankingView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """What ranks, what it goes by, what came of the last fit, and every version kept."""

    template_name = "personalization/admin/ranking/report.html"
    page_title = _("Ranking")
    header_icon = "order"
    permission_policy = POLICY
    any_permission_required = ANY

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ranker = Ranker.load()
        current = ranker.current
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {
            "ranker": ranker,
            "current": current,
            "is_off": not settings.RANKER,
            "can_change": POLICY.user_has_permission(self.request.user, "change"),
            "outcome": in_words(ranker.outcome),
            "before": rankers.in_words(_number(rankers.ranked_before())) if current else "",
            "influences": influence_rows(current) if current else [],
            "places": place_rows(current) if current else [],
            "versions": version_rows(ranker),
            "needed": settings.RANKER_MIN_CLICKS,
            "days": settings.RANKER_WINDOW_DAYS,
            "sequences": sequences_state(),
        }


class RankingActionView(PermissionCheckedMixin, View):
    """Something done to the ranker by whoever may change it; leads back to the report."""

    permission_policy = POLICY
    permission_required = "change"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.act(**kwargs)
        return redirect(REPORT)

    @property
    def editor(self) -> AbstractBaseUser:
        """Whoever asked: nobody who is not logged in gets past the permission."""
        return cast(AbstractBaseUser, self.request.user)

    def act(self, **kwargs: Any) -> None:
        """Each view's own."""
        raise NotImplementedError


class FitView(RankingActionView):
    """Asks for a fit now."""

    def act(self, **kwargs: Any) -> None:
        rankers.ask(self.editor)
        tasks.rank_soon()


class UseView(RankingActionView):
    """Lets a version rank, or with number 0 the weighted blend. The message has its undoing."""

    def act(self, **kwargs: Any) -> None:
        number = kwargs["number"]
        version = get_object_or_404(RankerVersion, number=number) if number else None
        was_held = Ranker.load().is_held
        is_held = self.request.GET.get("held") != "0"
        before = rankers.put_live(version, self.editor, is_held=is_held)
        text = gettext("Now %(what)s ranks.") % {"what": rankers.in_words(number)}
        if is_held:
            text += " " + gettext("No new version goes live by itself until you say so.")
        undo = f"{reverse('personalization_ranking:use', args=[before])}?held={int(was_held)}"
        messages.success(self.request, with_undo(text, undo))


class RollBackView(UseView):
    """Goes back to what ranked before."""

    def act(self, **kwargs: Any) -> None:
        super().act(number=_number(rankers.ranked_before()))


class ReleaseView(RankingActionView):
    """Lets new versions go live by themselves again."""

    def act(self, **kwargs: Any) -> None:
        rankers.release(self.editor)
        messages.success(self.request, gettext("New versions go live by themselves again, where they are better."))


class ProgressView(PermissionCheckedMixin, View):
    """How far a fit is, as a fragment that the report asks for again and again; 204 when there is none."""

    permission_policy = POLICY
    any_permission_required = ANY

    def get(self, request: HttpRequest) -> HttpResponse:
        ranker = Ranker.load()
        if not ranker.is_busy:
            return HttpResponse(status=204)
        return TemplateResponse(request, "personalization/admin/learned/progress.html", {"segmentation": ranker})


class RankingMenuItem(MenuItem):
    """Shown to whoever may open the report."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(POLICY.user_has_any_permission(request.user, ANY))


class RankingViewSet(ViewSet):
    """The report's page, what its buttons do, and its place in the menu."""

    name = "personalization_ranking"
    url_prefix = "affinity/ranking"
    icon = "order"
    menu_label = _("Ranking")
    menu_item_class = RankingMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [
            path("", RankingView.as_view(), name="index"),
            path("fit/", FitView.as_view(), name="fit"),
            path("progress/", ProgressView.as_view(), name="progress"),
            path("use/<int:number>/", UseView.as_view(), name="use"),
            path("roll-back/", RollBackView.as_view(), name="roll_back"),
            path("release/", ReleaseView.as_view(), name="release"),
        ]


def _number(version: RankerVersion | None) -> int:
    return version.number if version else 0
