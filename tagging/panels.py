"""The "Content analysis" side panel of the page editor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import swapper
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.ui.side_panels import BaseSidePanel
from wagtail.permission_policies.pages import PagePermissionPolicy

from tagging import operations
from tagging.models import Entity, PageAnalysis, PageEntity, Suggestion, Topic

TAGGED = (Suggestion.State.APPLIED, Suggestion.State.ACCEPTED)
BUSY = (PageAnalysis.State.STALE, PageAnalysis.State.RUNNING)


@dataclass(frozen=True)
class ShownTopic:
    """A topic with what speaks for it: the names on the page that stand for it, and pages like this one that have it.

    `similar` are those of them that the user may edit, `more_similar` counts the others.
    """

    suggestion: Suggestion
    names: tuple[str, ...]
    similar: tuple[Any, ...]
    more_similar: int


@dataclass(frozen=True)
class PanelContent:
    """What the panel shows of one saved page to one user; the context of `tagging/panel/content.html`."""

    page: Any
    state: operations.PageState
    topics: tuple[ShownTopic, ...]
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
    def tagged(self) -> list[ShownTopic]:
        return self._in_state(*TAGGED)

    @property
    def suggested(self) -> list[ShownTopic]:
        return self._in_state(Suggestion.State.SUGGESTED)

    @property
    def rejected(self) -> list[ShownTopic]:
        return self._in_state(Suggestion.State.REJECTED)

    def _in_state(self, *states: str) -> list[ShownTopic]:
        return [topic for topic in self.topics if topic.suggestion.state in states]

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
    state = operations.state_of(page.pk)
    return PanelContent(
        page=page,
        state=state,
        topics=shown_topics(state.topics, state.entities, user),
        can_decide=permissions.can_edit() and not permissions.page_locked(),
        can_analyze=operations.analyzable_pages().filter(pk=page.pk).exists(),
    )


def shown_topics(
    suggestions: Iterable[Suggestion], entities: Sequence[PageEntity], user: Any
) -> tuple[ShownTopic, ...]:
    """Topics with their reasons. One query where any has similar pages."""
    suggestions = tuple(suggestions)
    wanted = {page_id for suggestion in suggestions for page_id in suggestion.similar}
    pages = _editable_pages(user, wanted) if wanted else {}
    return tuple(
        ShownTopic(
            suggestion=suggestion,
            names=tuple(_names_of(suggestion.topic, entities)),
            similar=tuple(pages[pk] for pk in suggestion.similar if pk in pages),
            more_similar=sum(pk not in pages for pk in suggestion.similar),
        )
        for suggestion in suggestions
    )


def _editable_pages(user: Any, page_ids: Iterable[int]) -> dict[int, Any]:
    policy = PagePermissionPolicy(swapper.load_model("wagtailcore", "Page"))
    pages = policy.instances_user_has_permission_for(user, "change").filter(pk__in=page_ids)
    return {page.pk: page for page in pages}


def _names_of(topic: Topic, entities: Sequence[PageEntity]) -> Iterator[str]:
    """The names on a page that stand for a topic: because editors linked them, or because it is called so."""
    words = {word.casefold() for word in (topic.name, *topic.synonyms)}
    for row in entities:
        if row.entity.topic_id == topic.pk or words & {name.casefold() for name in (row.entity.name, *row.aliases)}:
            yield row.entity.name


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
        js = ["tagging/content-analysis-panel.js", "tagging/topic-picker.js"]

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
