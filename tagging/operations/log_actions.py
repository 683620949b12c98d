"""How decisions read in a page's history."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import LogFormatter

LABELS = {
    "tagging.accept": (_("Accept topic"), _("Accepted the topic “%(topic)s”")),
    "tagging.reject": (_("Reject topic"), _("Rejected the topic “%(topic)s”")),
    "tagging.undo": (_("Take back a decision on a topic"), _("Took back the decision on the topic “%(topic)s”")),
}


def register_log_actions(actions: Any) -> None:
    """Register the actions of `decisions` with Wagtail's log."""
    for action, (label, message) in LABELS.items():
        actions.register_action(action)(_formatter(label, message))


def _formatter(label: Promise, message: Promise) -> type[LogFormatter]:
    def format_message(self: Any, log_entry: Any) -> str:
        return str(message) % {"topic": log_entry.data.get("topic", {}).get("name", "")}

    return type("TopicLogFormatter", (LogFormatter,), {"label": label, "format_message": format_message})
