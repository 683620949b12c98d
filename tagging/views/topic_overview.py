"""One topic at a glance: its pages, how often editors agree, how it changes over time, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.views import generic
from wagtail.admin.widgets import Button, HeaderButton

from tagging.models import Topic
from tagging.operations.topic_overview import FEWEST_DECISIONS, Period, history, precision, state_counts, topic_drift

from .topic_pages import pages_on
from .topic_tools import may, tools

SHOWN = 5


BAR = 10  # wide, with the gap to the next one
CHART = 100  # high


@dataclass(frozen=True, slots=True)
class Bar:
    """One period of the charts, in units of the drawing: `x` from the left, heights from the bottom."""

    label: str
    x: int
    pages: int
    height: int
    decided: int
    kept_percent: int

    @property
    def y(self) -> int:
        return CHART - self.height

    @property
    def kept_y(self) -> int:
        return CHART - self.kept_percent


class TopicInspectView(generic.InspectView):
    """The overview of a topic."""

    page_title = gettext_lazy("Overview")
    template_name = "tagging/topics/overview.html"

    @cached_property
    def header_buttons(self) -> list[Any]:
        edit_url = self.get_edit_url()
        return [HeaderButton(_("Edit"), url=edit_url, icon_name="edit")] if edit_url else []

    @cached_property
    def header_more_buttons(self) -> list[Any]:
        delete_url = self.get_delete_url()
        return [Button(_("Delete"), url=delete_url, icon_name="bin", priority=90)] if delete_url else []

    def get_fields(self) -> list[str]:
        """None: the template says what matters of them."""
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        topic: Topic = self.object
        rows = pages_on(topic, self.request.user)
        bars = chart(history(topic))
        return {
            **super().get_context_data(**kwargs),
            "counts": state_counts(topic),
            "has_below": not topic.is_leaf(),
            "rows": rows[:SHOWN],
            "pages_url": reverse("affinity_topics:pages", args=[topic.pk]),
            "precision": precision(topic),
            "fewest": FEWEST_DECISIONS,
            "bars": bars,
            "chart_width": BAR * len(bars),
            "has_decisions": any(bar.decided for bar in bars),
            "drift": topic_drift(topic),
            "tools": tools(topic, self.request.user),
            "can_split": may(self.request.user, "add", "change"),
        }


def chart(periods: Sequence[Period]) -> list[Bar]:
    """The bars of a topic's history, the highest as high as the chart."""
    most = max((period.pages for period in periods), default=0) or 1
    return [
        Bar(
            label(period),
            number * BAR,
            period.pages,
            round(CHART * period.pages / most),
            period.decisions.decided,
            period.decisions.percent,
        )
        for number, period in enumerate(periods)
    ]


def label(period: Period) -> str:
    """The period as a date that one can read: "May 2025", "2025, 2nd quarter", "2025"."""
    if period.months == 1:
        return date_format(period.start, "M Y")
    if period.months == 12:
        return str(period.start.year)
    return _("Q%(quarter)d %(year)d") % {"quarter": period.start.month // 3 + 1, "year": period.start.year}
