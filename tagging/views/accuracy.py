"""The report "Topic accuracy": what probabilities promised, and what editors kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import path, reverse
from django.utils.formats import number_format
from django.utils.functional import cached_property
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from tagging import operations
from tagging.conf import least_to_apply, settings
from tagging.evaluation.reliability import Bin

from .permissions import page_policy
from .report import ANY_PERMISSION

# The plot, in units of its view box: the square that it is drawn in, and how large a point may be.
LEFT, TOP, SIDE = 46.0, 14.0, 300.0
SMALLEST, LARGEST = 4.0, 13.0


@dataclass(frozen=True, slots=True)
class Point:
    """A bin as it is drawn: coordinates, as text that no locale changes."""

    x: str
    y: str
    top: str
    bottom: str
    radius: str
    title: str


class AccuracyMenuItem(MenuItem):
    """Shown to whoever may work on some page."""

    def __init__(self, order: int) -> None:
        super().__init__(
            _("Topic accuracy"),
            reverse("affinity_accuracy:index"),
            name="affinity-accuracy",
            icon_name="affinity-accuracy",
            order=order,
        )

    def is_shown(self, request: HttpRequest) -> bool:
        shown: bool = page_policy().user_has_any_permission(request.user, ANY_PERMISSION)
        return shown


class TopicAccuracyView(PermissionCheckedMixin, WagtailAdminTemplateMixin, TemplateView):
    """Counts of decisions alone: no page is named."""

    template_name = "tagging/accuracy/index.html"
    page_title = _("Topic accuracy")
    header_icon = "affinity-accuracy"
    any_permission_required = ANY_PERMISSION

    @cached_property
    def permission_policy(self) -> Any:
        return page_policy()

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        accuracy = operations.topic_accuracy()
        context |= {"accuracy": accuracy, "enough": operations.ENOUGH_VERDICTS}
        if accuracy.is_enough:
            context |= _shown(accuracy)
        return context


def _shown(accuracy: operations.TopicAccuracy) -> dict[str, Any]:
    most = max(one.count for one in accuracy.bins)
    return {
        "summary": _in_words(max(accuracy.bins, key=lambda one: one.count)),
        "off_by": round(100 * accuracy.error),
        "applied_kept": _percent(accuracy.applied.kept) if accuracy.applied else "",
        "applied_is_worse": accuracy.applied is not None and accuracy.applied.most < least_to_apply(),
        "apply_wrong_of_ten": settings.APPLY_WRONG_OF_TEN,
        "rows": [_row(one) for one in accuracy.bins],
        "points": [_point(one, most) for one in accuracy.bins],
        "ticks": [(tick, _x(tick / 10), _y(tick / 10)) for tick in range(0, 11, 2)],
        "plot": {"left": _x(0), "right": _x(1), "top": _y(1), "bottom": _y(0), "apply": _x(least_to_apply())},
    }


def _in_words(one: Bin) -> str:
    text = ngettext(
        "Of topics shown at about %(promised)s, editors kept %(kept)s (%(count)s decision).",
        "Of topics shown at about %(promised)s, editors kept %(kept)s (%(count)s decisions).",
        one.count,
    )
    return text % {"promised": _percent(one.promised), "kept": _percent(one.kept), "count": number_format(one.count)}


def _row(one: Bin) -> dict[str, Any]:
    return {
        "shown": gettext("%(low)d to %(high)s") % {"low": round(100 * one.low), "high": _percent(one.high)},
        "count": one.count,
        "promised": _percent(one.promised),
        "kept": _percent(one.kept),
        "likely": gettext("%(low)d to %(high)s") % {"low": round(100 * one.least), "high": _percent(one.most)},
    }


def _point(one: Bin, most: int) -> Point:
    radius = SMALLEST + (LARGEST - SMALLEST) * (one.count / most) ** 0.5
    return Point(_x(one.promised), _y(one.kept), _y(one.most), _y(one.least), _coordinate(radius), title=_in_words(one))


def _percent(share: float) -> str:
    return gettext("%(percent)s%%") % {"percent": round(100 * share)}


def _x(share: float) -> str:
    return _coordinate(LEFT + SIDE * share)


def _y(share: float) -> str:
    return _coordinate(TOP + SIDE * (1 - share))


def _coordinate(value: float) -> str:
    return f"{value:.1f}"


urlpatterns = [path("", TopicAccuracyView.as_view(), name="index")]
