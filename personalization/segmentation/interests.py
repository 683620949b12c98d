"""Rules about what a visitor reads about. Of a visitor without a profile nothing is known: every share is 0."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Mapping
from typing import Literal

from personalization.types import ProfileState

from .behavior import AMOUNT_OPERATOR, AMOUNTS
from .fields import Choice, ClusterChoice, EntityChoice, Number, PageChoice, Share, TopicChoice
from .fields import gettext_noop as _
from .registry import Matcher, RuleType, register

INTERESTS = _("Interests")

Kind = Literal["topics", "entities"]


FEW = 24
"""So many ids are looked up one by one; of more, those that the visitor knows are found first."""


def _share_of(kind: Kind, ids: frozenset[int], operator: str, value: float) -> Matcher:
    """Compares what the ids weigh together."""
    weights: Callable[[ProfileState], Mapping[int, float]] = op.attrgetter(kind)
    total = _total(ids)
    if operator == "at_least":
        return lambda profile, context: (total(weights(profile)) if profile else 0.0) >= value
    return lambda profile, context: (total(weights(profile)) if profile else 0.0) < value


def _total(ids: frozenset[int]) -> Callable[[Mapping[int, float]], float]:
    """Adds up the weights of the ids, in the order of the ids, as the estimate's SQL does."""
    ordered = sorted(ids)

    def of_one(weights: Mapping[int, float]) -> float:
        return weights.get(ordered[0], 0.0)

    def of_few(weights: Mapping[int, float]) -> float:
        total = 0.0
        for key in ordered:
            if key in weights:
                total += weights[key]
        return total

    def of_many(weights: Mapping[int, float]) -> float:
        return sum([weights[key] for key in sorted(ids.intersection(weights))], 0.0)

    if len(ids) == 1:
        return of_one
    return of_few if len(ids) <= FEW else of_many


@register
class TopicAffinity(RuleType):
    """How much of the visitor's decayed reading is about a topic or one below it."""

    code = "topic"
    label = _("Topic of interest")
    summary = _("{topic}: {operator} {value} of reading")
    help = _(
        "How much of what the visitor read lately is about a topic; topics below it count. "
        "From 20 % on it is a clear interest."
    )
    group = INTERESTS
    icon = "tag"
    fields = (
        TopicChoice(name="topic", label=_("Topic")),
        AMOUNT_OPERATOR,
        Share(name="value", label=_("Share in %")),
    )

    def matcher(self, topic: frozenset[int], operator: str, value: float) -> Matcher:
        return _share_of("topics", topic, operator, value)


@register
class EntityAffinity(RuleType):
    """How much of the visitor's decayed reading names a person, organisation or place."""

    code = "entity"
    label = _("Person, organisation or place")
    summary = _("{entity}: {operator} {value} of reading")
    help = _("How much of what the visitor read lately is about somebody or something that pages name.")
    group = INTERESTS
    icon = "user"
    fields = (
        EntityChoice(name="entity", label=_("Name")),
        AMOUNT_OPERATOR,
        Share(name="value", label=_("Share in %")),
    )

    def matcher(self, entity: frozenset[int], operator: str, value: float) -> Matcher:
        return _share_of("entities", entity, operator, value)


@register
class SectionRead(RuleType):
    """How many pages below a page the visitor has read lately."""

    code = "section"
    label = _("A section read")
    summary = _("pages of “{section}”: {operator} {value}")
    help = _("How many pages below this page the visitor read lately; earlier ones count less and less.")
    group = INTERESTS
    icon = "folder-open-1"
    fields = (
        PageChoice(name="section", label=_("Section")),
        AMOUNT_OPERATOR,
        Number(name="value", label=_("Pages"), maximum=10_000),
    )

    def matcher(self, section: int, operator: str, value: float) -> Matcher:
        compare = AMOUNTS[operator]
        return lambda profile, context: compare(profile.sections.get(section, 0.0) if profile else 0.0, value)


@register
class Answer(RuleType):
    """Whether the visitor named a topic, or one below it, when asked what to read about."""

    code = "answer"
    label = _("Answer when asked")
    summary = _("{operator} “{topic}”")
    help = _("What the visitor said when asked what to read about; topics below it count.")
    group = INTERESTS
    icon = "form"
    fields = (
        Choice(
            name="operator",
            label=_("When asked, the visitor"),
            choices=(("named", _("named")), ("not_named", _("did not name"))),
        ),
        TopicChoice(name="topic", label=_("Topic")),
    )

    def matcher(self, operator: str, topic: frozenset[int]) -> Matcher:
        disjoint = operator == "not_named"
        return lambda profile, context: topic.isdisjoint(profile.answers if profile else ()) is disjoint


@register
class LearnedCluster(RuleType):
    """Whether the visitor probably belongs to a cluster that was learned from everybody's reading."""

    code = "cluster"
    label = _("Learned cluster")
    summary = _("{cluster}: at least {value} sure")
    help = _("Belongs to a group of readers that the site found by itself, with at least this probability.")
    group = INTERESTS
    icon = "group"
    fields = (
        ClusterChoice(name="cluster", label=_("Cluster")),
        Share(name="value", label=_("Least probability in %")),
    )

    def matcher(self, cluster: int, value: float) -> Matcher:
        return lambda profile, context: profile is not None and profile.clusters.get(cluster, -1.0) >= value
