"""Rules about what a visitor has read and when. Of a visitor without a profile nothing is known: counts are 0."""

from __future__ import annotations

import operator as op
from collections.abc import Callable
from datetime import timedelta

from personalization.types import ProfileState, RequestContext

from .fields import Choice, Integer, Number, PageChoice, SegmentChoice, Share
from .fields import gettext_noop as _
from .registry import Matcher, RuleType, register

READING = _("Reading")

COUNTS: dict[str, Callable[[int, int], bool]] = {"at_least": op.ge, "at_most": op.le, "exactly": op.eq}
COUNT_OPERATOR = Choice(
    name="operator",
    label=_("Comparison"),
    choices=(("at_least", _("at least")), ("at_most", _("at most")), ("exactly", _("exactly"))),
)
AMOUNTS: dict[str, Callable[[float, float], bool]] = {"at_least": op.ge, "below": op.lt}
AMOUNT_OPERATOR = Choice(
    name="operator",
    label=_("Comparison"),
    choices=(("at_least", _("at least")), ("below", _("less than"))),
)


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
class PageRead(RuleType):
    """Whether one page is among those the visitor read lately."""

    code = "page"
    label = _("A page read")
    summary = _("{operator} “{page}”")
    help = _("Whether the page is among the last ones that the visitor read. Some dozens are remembered.")
    group = READING
    icon = "doc-full-inverse"
    fields = (
        Choice(
            name="operator",
            label=_("The visitor"),
            choices=(("read", _("has read")), ("not_read", _("has not read"))),
        ),
        PageChoice(name="page", label=_("Page")),
    )

    def matcher(self, operator: str, page: int) -> Matcher:
        wanted = operator == "read"
        return lambda profile, context: (profile is not None and page in profile.read_page_ids) is wanted


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
    concerns_absent = True
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


@register
class Frequency(RuleType):
    """How often the visitor has come lately."""

    code = "frequency"
    label = _("Visits a week")
    summary = _("visits a week: {operator} {value}")
    help = _("How often the visitor comes lately; earlier visits count less and less. Twice a month is 0.5.")
    group = READING
    icon = "resubmit"
    fields = (AMOUNT_OPERATOR, Number(name="value", label=_("Visits a week"), maximum=1000))

    def matcher(self, operator: str, value: float) -> Matcher:
        compare = AMOUNTS[operator]
        return lambda profile, context: compare(profile.frequency if profile else 0.0, value)


@register
class Engagement(RuleType):
    """How long the visitor stays with an average page."""

    code = "engagement"
    label = _("Engagement")
    summary = _("engagement: {operator} {value}")
    help = _("How much of a page is read on average: 100 % is a minute and a half on each, 10 % a quick look.")
    group = READING
    icon = "glasses"
    fields = (AMOUNT_OPERATOR, Share(name="value", label=_("Share of a page in %")))

    def matcher(self, operator: str, value: float) -> Matcher:
        compare = AMOUNTS[operator]
        return lambda profile, context: compare(profile.engagement if profile else 0.0, value)


@register
class AnotherSegment(RuleType):
    """Who belongs to another segment. Its rules are put in this one's place before anything is compiled."""

    code = "segment"
    label = _("Another segment")
    summary = _("{operator} “{segment}”")
    help = _("Follows the other segment's rules as they are at any time. While it is disabled, nobody belongs to it.")
    group = _("Combine")
    icon = "group"
    fields = (
        Choice(
            name="operator",
            label=_("The visitor"),
            choices=(("in", _("belongs to")), ("not_in", _("does not belong to"))),
        ),
        SegmentChoice(name="segment", label=_("Segment")),
    )

    def matcher(self, operator: str, segment: int) -> Matcher:
        """Only for a segment that nobody knows: `parse_rules` puts a known one's rules in this rule's place."""
        belongs = operator == "not_in"
        return lambda profile, context: belongs
