"""Editors' rules in words: what, where, for whom and when."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from personalization.models import PlacementRule
from personalization.operations.reason_words import topic_label


def what_in_words(rule: PlacementRule, topics: Mapping[int, str]) -> str:
    """ "Boost: all on Cycling"."""
    action = rule.get_action_display()
    if rule.page_id and rule.page:
        return gettext("%(action)s “%(page)s”") % {"action": action, "page": rule.page.get_admin_display_title()}
    if rule.section_id and rule.section:
        title = rule.section.get_admin_display_title()
        return gettext("%(action)s all below “%(section)s”") % {"action": action, "section": title}
    name = topics.get(rule.topic or 0)
    if name is None:
        return gettext("%(action)s a topic that is gone") % {"action": action}
    return gettext("%(action)s all on %(topic)s") % {"action": action, "topic": topic_label(name)}


def where_in_words(rule: PlacementRule) -> str:
    return rule.placement.name if rule.placement else gettext("All placements")


def whom_in_words(rule: PlacementRule) -> str:
    """Segment and language."""
    whom = rule.segment.name if rule.segment else gettext("Everybody")
    return f"{whom}, {rule.locale.get_display_name()}" if rule.locale else whom


def when_in_words(rule: PlacementRule) -> str:
    """From and until, where it has such dates."""
    starts, ends = (
        date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at else ""
        for at in (rule.starts_at, rule.ends_at)
    )
    if starts and ends:
        return f"{starts} – {ends}"
    if starts:
        return gettext("from %(date)s") % {"date": starts}
    return gettext("until %(date)s") % {"date": ends} if ends else gettext("always")
