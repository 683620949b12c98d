"""How what happened to rankers reads in their history."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import LogFormatter

from .versions import ASK, RELEASE, USE


def register_log_actions(actions: Any) -> None:
    """For Wagtail's hook of this name."""
    actions.register_action(ASK, _("Fit ranker"), _("Asked for a new fit"))
    actions.register_action(RELEASE, _("Release ranker"), _("Let new versions go live by themselves again"))
    actions.register_action(USE)(UseFormatter)


class UseFormatter(LogFormatter):
    """Says what ranks now, and what ranked before."""

    label = _("Change what ranks")

    def format_message(self, log_entry: Any) -> str:
        now, before = (in_words(log_entry.data.get(key, 0)) for key in ("number", "before"))
        return gettext("Let %(now)s rank instead of %(before)s") % {"now": now, "before": before}


def in_words(number: int) -> str:
    """A version by its number; 0 is the weighted blend."""
    return gettext("version %(number)d") % {"number": number} if number else gettext("the weighted blend")
