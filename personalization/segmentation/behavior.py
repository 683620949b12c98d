"""Rules about what a visitor has read and when. Of a visitor without a profile nothing is known: counts are 0."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from datetime import timedelta

from personalization.types import ProfileState, RequestContext

from .fields import Choice, Integer, Share, TopicChoice
from .fields import gettext_noop as _
from .registry import Matcher, RuleType, register

READING = _("Reading")

COUNTS: dict[str, Callable[[int, int], bool]] = {"at_least": op.ge, "at_most": op.le, "exactly": op.eq}
COUNT_OPERATOR = Choice(
    name="operator",
    label=_("Comparison"),
    choices=(("at_least", _("at least")), ("at_most", _("at most")), ("exactly", _("exactly"))),
)


@register
class TopicAffinity(RuleType):
    """How much of the visitor's decayed reading is about one topic."""

    code = "topic"
    label = _("Topic of interest")
    summary = _("{topic}: {operator} {value} of reading")
    help = _("How much of what the visitor read lately is about a topic. From 20 % on it is a clear interest.")
    group = READING
    icon = "tag"
    fields = (
        TopicChoice(name="topic", label=_("Topic")),
        Choice(
            name="operator",
            label=_("Comparison"),
            choices=(("at_least", _("at least")), ("below", _("less than"))),
        ),
        Share(name="value", label=_("Share in %")),
    )

    def matcher(self, topic: int, operator: str, value: float) -> Matcher:
        compare = op.ge if operator == "at_least" else op.lt
        return lambda profile, context: compare(profile.topics.get(topic, 0.0) if profile else 0.0, value)


@register
class PagesRead(RuleType):
    """How many pages the visitor has read since saying yes."""

    code = "views"
    label = _("Pages read")
    summary = _("pages read: {operator} {value}")
    help = _("How many pages the visitor has read so far.")
    group = READING
    icon = "doc-full"
    fields = (COUNT_OPERATOR, Integer(name="value", label=_("Pages"), maximum=100_000))

    def matcher(self, operator: str, value: int) -> Matcher:
        compare = COUNTS[operator]
        return lambda profile, context: compare(profile.views if profile else 0, value)


@register
class VisitCount(RuleType):
    """How often the visitor came."""

    code = "visits"
    label = _("Number of visits")
    summary = _("visits: {operator} {value}")
    help = _("How often the visitor came. A visit ends after half an hour without reading.")
    group = READING
    icon = "history"
    fields = (COUNT_OPERATOR, Integer(name="value", label=_("Visits"), maximum=100_000))

    def matcher(self, operator: str, value: int) -> Matcher:
        compare = COUNTS[operator]
        return lambda profile, context: compare(profile.visits if profile else 0, value)


@register
class Acquaintance(RuleType):
    """Whether this is the visitor's first visit."""

    code = "visitor"
    label = _("New or returning visitor")
    summary = _("visitor is {value}")
    help = _("New is who comes for the first time. Visitors who did not consent count as new.")
    group = READING
    icon = "user"
    fields = (
        Choice(
            name="value",
            label=_("The visitor is"),
            choices=(("new", _("new")), ("returning", _("returning"))),
        ),
    )

    def matcher(self, value: str) -> Matcher:
        if value == "new":
            return lambda profile, context: profile is None or profile.visits <= 1
        return lambda profile, context: profile is not None and profile.visits > 1


@register
class LastSeen(RuleType):
    """How long ago the visitor last read something. Never true of a visitor never seen before."""

    code = "last_seen"
    label = _("Last seen")
    summary = _("last seen {operator} {value} days")
    help = _("When the visitor was here before. Visitors never seen before do not match.")
    group = READING
    icon = "calendar-alt"
    fields = (
        Choice(
            name="operator",
            label=_("Comparison"),
            choices=(("within", _("within the last")), ("over", _("longer ago than"))),
        ),
        Integer(name="value", label=_("Days"), minimum=1, maximum=3650),
    )

    def matcher(self, operator: str, value: int) -> Matcher:
        span = timedelta(days=value)
        compare: Callable[[timedelta, timedelta], bool] = op.le if operator == "within" else op.gt

        def matches(profile: ProfileState | None, context: RequestContext) -> bool:
            if profile is None or profile.last_seen is None:
                return False
            return compare(context.at - profile.last_seen, span)

        return matches
