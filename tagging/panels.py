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
DECIDED = (Suggestion.State.ACCEPTED, Suggestion.State.REJECTED)
BUSY = (PageAnalysis.State.STALE, PageAnalysis.State.RUNNING)

EntityGroup = tuple[str, list[PageEntity]]
"""A kind of entity as editors read it, with the entities of that kind."""


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
    def entities(self) -> list[EntityGroup]:
        return by_kind(self.state.entities)


def by_kind(entities: Iterable[PageEntity]) -> list[EntityGroup]:
    """Entities by kind; kinds and names in the order in which they matter."""
    order = list(Entity.Label.values)
    ordered = sorted(entities, key=lambda row: order.index(row.entity.label))
    groups = groupby(ordered, key=lambda row: row.entity.label)
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


@dataclass(frozen=True)
class DraftContent:
    """What a worker found in a draft; the context of `tagging/panel/draft.html`. `page` is None where none is saved."""

    page: Any
    topics: tuple[ShownTopic, ...]
    settled: tuple[Suggestion, ...]
    entities: list[EntityGroup]


def draft_content(answer: dict[str, Any], page: Any, user: Any) -> DraftContent:
    """A worker's answer, for a user who may edit the page: topics that are open, and those decided before."""
    decided = Suggestion.objects.filter(page=page, state__in=DECIDED).select_related("topic") if page else ()
    settled = {row.topic_id: row for row in decided}
    topics = Topic.objects.in_bulk([found["topic_id"] for found in answer["topics"]])
    entities = [_named(found) for found in answer["entities"]]
    suggestions = [
        Suggestion(page=page, topic=topics[found["topic_id"]], state=Suggestion.State.SUGGESTED, **_columns(found))
        for found in answer["topics"]
        if found["topic_id"] in topics and found["topic_id"] not in settled
    ]
    return DraftContent(
        page=page,
        topics=shown_topics(suggestions, entities, user),
        settled=tuple(settled[found["topic_id"]] for found in answer["topics"] if found["topic_id"] in settled),
        entities=by_kind(entities),
    )


def _columns(found: dict[str, Any]) -> dict[str, Any]:
    return {name: found[name] for name in ("score", "source", "evidence", "similar")}


def _named(found: dict[str, Any]) -> PageEntity:
    """A name found in a draft, as a row that is not stored."""
    fields = {name: found[name] for name in ("count", "salience", "confidence", "aliases", "evidence")}
    return PageEntity(entity=Entity(name=found["name"], label=found["label"], topic_id=found["topic_id"]), **fields)


def _editable_pages(user: Any, page_ids: Iterable[int]) -> dict[int, Any]:
    policy = PagePermissionPolicy(swapper.load_model("wagtailcore", "Page"))
    pages = policy.instances_user_has_permission_for(user, "change").filter(pk__in=page_ids)
    return {page.pk: page for page in pages}


def _names_of(topic: Topic, entities: Sequence[PageEntity]) -> Iterator[str]:
    """The names on a page that stand for a topic: because editors linked them, or because it is called so."""
    words = {word.casefold() for word in (topic.name, *topic.synonyms)}
    for row in entities:
        if row.is_doubtful:
            continue
        if row.entity.topic_id == topic.pk or words & {name.casefold() for name in (row.entity.name, *row.aliases)}:
            yield row.entity.name


class ContentAnalysisSidePanel(BaseSidePanel):
    """State, topics and entities of a page, beside its editor. A page that was never saved has drafts alone."""

    class SidePanelToggle(BaseSidePanel.SidePanelToggle):
        aria_label = _("Toggle content analysis")
        icon_name = "affinity"

        def get_context_data(self, parent_context: Any) -> dict[str, Any]:
            context: dict[str, Any] = super().get_context_data(parent_context)
            context["count"] = len(self.panel.content.suggested) if self.panel.content else 0
            return context

    class Media:
        js = ["tagging/content-analysis-panel.js", "tagging/topic-picker.js", "tagging/draft-suggestions.js"]

    name = "content-analysis"
    title = _("Content analysis")
    template_name = "tagging/panel/panel.html"
    order = 360

    def __init__(self, object: Any, request: Any, parent: Any = None) -> None:
        """`parent` is the page below which a page that was never saved will stand."""
        super().__init__(object, request)
        self.parent = parent

    @cached_property
    def content(self) -> PanelContent | None:
        return panel_content(self.object, self.request.user) if self.object.pk else None

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(parent_context)
        field = operations.tag_field(self.object)
        context |= {"content": self.content, "page_id": self.object.pk or "", "tag_field": field.name if field else ""}
        if self.content:
            context["url"] = reverse("affinity_analysis:panel", args=[self.object.pk])
            context["can_pick"] = self.content.can_decide
        else:
            context["can_pick"] = field is not None
        context["ask_url"] = self.ask_url()
        return context

    def ask_url(self) -> str | None:
        """Where to ask for a draft; None where nothing may be decided, or pages of the type are not analysed."""
        if not operations.is_analyzed(self.model):
            return None
        if self.content:
            return reverse("affinity_draft", args=[self.object.pk]) if self.content.can_decide else None
        names = self.model._meta.app_label, self.model._meta.model_name
        return reverse("affinity_new_draft", args=[*names, self.parent.pk]) if self.parent else None
