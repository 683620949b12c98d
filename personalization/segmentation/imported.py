"""A rule for sites that also run wagtail-personalisation. Registered only there."""

from __future__ import annotations

from .fields import Choice, ImportedSegmentChoice
from .fields import gettext_noop as _
from .registry import Matcher, RuleType


class ImportedSegment(RuleType):
    """Who belongs to a segment of wagtail-personalisation, as that package itself decides at the request."""

    code = "wagtail_personalisation"
    label = _("Segment of wagtail-personalisation")
    summary = _("{operator} “{segment}” of wagtail-personalisation")
    help = _("Follows that package's own rules and its session. It must serve the page before, as it does by itself.")
    group = _("Combine")
    icon = "group"
    depends_on_visit = True
    fields = (
        Choice(
            name="operator",
            label=_("The visitor"),
            choices=(("in", _("belongs to")), ("not_in", _("does not belong to"))),
        ),
        ImportedSegmentChoice(name="segment", label=_("Segment")),
    )

    def matcher(self, operator: str, segment: int) -> Matcher:
        wanted = operator == "in"
        return lambda profile, context: (segment in context.imported) is wanted
