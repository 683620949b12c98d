"""How what happened to a placement's tuned settings reads in the placement's history."""

from __future__ import annotations

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import LogFormatter

from .versions import APPROVE, DECLINE, PROPOSE, UNDO


def register_log_actions(actions: Any) -> None:
    """For Wagtail's hook of this name."""
    for action, label, message in (
        (PROPOSE, _("Propose setting"), _("Proposed setting %(number)d for %(whom)s")),
        (APPROVE, _("Approve setting"), _("Approved setting %(number)d for %(whom)s")),
        (DECLINE, _("Decline setting"), _("Declined setting %(number)d for %(whom)s")),
        (UNDO, _("Undo setting"), _("Took setting %(number)d for %(whom)s back")),
    ):
        actions.register_action(action)(_formatter(label, message))


def _formatter(label_: Promise, message_: Promise) -> type[LogFormatter]:
    class TuningFormatter(LogFormatter):
        label = label_

        def format_message(self, log_entry: Any) -> str:
            data = log_entry.data
            whom = data.get("segment") or gettext("everybody")
            return str(message_) % {"number": data.get("number", 0), "whom": whom}

    return TuningFormatter
