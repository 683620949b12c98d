"""The "Content analysis" side panel of the page editor."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.side_panels import BaseSidePanel

from tagging import operations
from tagging.models import Entity, PageAnalysis, PageEntity, Suggestion

TAGGED = (Suggestion.State.APPLIED, Suggestion.State.ACCEPTED)
BUSY = (PageAnalysis.State.STALE, PageAnalysis.State.RUNNING)


@dataclass(frozen=True)
class PanelContent:
    """What the panel shows of one saved page to one user; the context of `tagging/panel/content.html`."""

    page: Any
    state: operations.PageState
    can_decide: bool
    can_analyze: bool

    @property
    def analysis(self) -> PageAnalysis | None:
        return self.state.analysis

    @property
    def is_busy(self) -> bool:
        """Whether a worker is to be expected to change what is shown."""
        return self.analysis is not None and self.analysis.state in BUSY

    @property
    def tagged(self) -> list[Suggestion]:
        return [topic for topic in self.state.topics if topic.state in TAGGED]

    @property
    def suggested(self) -> list[Suggestion]:
        return [topic for topic in self.state.topics if topic.state == Suggestion.State.SUGGESTED]

    @property
    def rejected(self) -> list[Suggestion]:
        return [topic for topic in self.state.topics if topic.state == Suggestion.State.REJECTED]

    @property
    def entities(self) -> list[tuple[str, list[PageEntity]]]:
        """Entities by kind; kinds and names in the order in which they matter."""
        order = list(Entity.Label.values)
        by_kind = sorted(self.state.entities, key=lambda row: order.index(row.entity.label))
        groups = groupby(by_kind, key=lambda row: row.entity.label)
        return [(str(Entity.Label(label).label), list(rows)) for label, rows in groups]


def panel_content(page: Any, user: Any) -> PanelContent:
    """All the panel needs, in a number of queries that does not depend on what was found."""
    permissions = page.permissions_for_user(user)
    return PanelContent(
        page=page,
        state=operations.state_of(page.pk),
        can_decide=permissions.can_edit() and not permissions.page_locked(),
        can_analyze=operations.analyzable_pages().filter(pk=page.pk).exists(),
    )


class ContentAnalysisSidePanel(BaseSidePanel):
    """State, topics and entities of a page, beside its editor. A page that was never saved has none."""

    class SidePanelToggle(BaseSidePanel.SidePanelToggle):
        aria_label = _("Toggle content analysis")
        icon_name = "affinity"

        def get_context_data(self, parent_context: Any) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            context["count"] = len(self.panel.content.suggested) if self.panel.content else 0
            return context

    class Media:
        js = ["tagging/content-analysis-panel.js"]

    name = "content-analysis"
    title = _("Content analysis")
    template_name = "tagging/panel/panel.html"
    order = 360

    @cached_property
    def content(self) -> PanelContent | None:
        return panel_content(self.object, self.request.user) if self.object.pk else None

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(parent_context)
        context["content"] = self.content
        if self.content:
            context["url"] = reverse("affinity_analysis:panel", args=[self.object.pk])
        return context
