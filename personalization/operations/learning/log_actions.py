"""How what happened to learned segments reads in their history."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import LogFormatter

LABELS = {
    "personalization.learned.ask": (_("Fit segments"), _("Asked for a new fit")),
    "personalization.learned.use": (_("Use version of learned segments"), _("Put version %(number)s in use")),
    "personalization.learned.rename": (_("Rename learned segment"), _("Renamed “%(old)s” to “%(new)s”")),
}


def register_log_actions(actions: Any) -> None:
    """Register what is done to learned segments with Wagtail's log."""
    for action, (label, message) in LABELS.items():
        actions.register_action(action)(_formatter(label, message))


def _formatter(label: Promise, message: Promise) -> type[LogFormatter]:
    def format_message(self: Any, log_entry: Any) -> str:
        return str(message) % defaultdict(str, log_entry.data)

    return type("LearnedLogFormatter", (LogFormatter,), {"label": label, "format_message": format_message})
