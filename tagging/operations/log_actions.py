"""How decisions read in the history of a page or an entity."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import LogFormatter

LABELS = {
    "tagging.accept": (_("Accept topic"), _("Accepted the topic “%(topic)s”")),
    "tagging.reject": (_("Reject topic"), _("Rejected the topic “%(topic)s”")),
    "tagging.undo": (_("Take back a decision on a topic"), _("Took back the decision on the topic “%(topic)s”")),
    "tagging.retag": (_("Replace topic"), _("The topic “%(from)s” became “%(topic)s”")),
    "tagging.merge": (_("Merge topics"), _("Merged the topic “%(from)s” into “%(topic)s”")),
    "tagging.split": (_("Split topic"), _("Split the topic “%(topic)s” off “%(from)s”")),
}

ENTITY_LABELS = {
    "tagging.merge_entity": (_("Merge names"), _("Merged “%(source)s” into “%(target)s”")),
    "tagging.split_entity": (_("Split names"), _("Split “%(source)s” off “%(target)s”")),
    "tagging.hide_entity": (_("Hide"), _("Hidden: shown nowhere, and no reason for a topic")),
    "tagging.unhide_entity": (_("Show again"), _("Shown again")),
    "tagging.rename_entity": (_("Rename"), _("Renamed “%(old)s” to “%(new)s”")),
    "tagging.link_entity": (_("Link to a topic"), _("Linked to the topic “%(topic)s”")),
    "tagging.unlink_entity": (_("Unlink from a topic"), _("Unlinked from the topic “%(topic)s”")),
    "tagging.identify_entity": (_("Set Wikidata id"), _("Set the Wikidata id to %(id)s")),
}

TAG_LABELS = {
    "tagging.merge_tag": (_("Merge tag"), _("Merged the tag “%(tag)s” into “%(into)s”")),
    "tagging.unmerge_tag": (_("Undo the merge of a tag"), _("Brought the tag “%(tag)s” back")),
    "tagging.delete_tag": (_("Delete unused tag"), _("Deleted the unused tag “%(tag)s”")),
    "tagging.ignore_finding": (_("Ignore a finding on tags"), _("Ignored a finding on the tags %(tags)s")),
    "tagging.heed_finding": (_("Heed a finding on tags again"), _("Heeded a finding on the tags %(tags)s again")),
}


def register_log_actions(actions: Any) -> None:
    """Register the actions of `decisions`, of entities and of the tag report with Wagtail's log."""
    for action, (label, message) in LABELS.items():
        actions.register_action(action)(_formatter(label, message))
    for action, (label, message) in (ENTITY_LABELS | TAG_LABELS).items():
        actions.register_action(action)(_formatter_of_names(label, message))


def _formatter(label: Promise, message: Promise) -> type[LogFormatter]:
    def format_message(self: Any, log_entry: Any) -> str:
        return str(message) % {key: log_entry.data.get(key, {}).get("name", "") for key in ("topic", "from")}

    return type("TopicLogFormatter", (LogFormatter,), {"label": label, "format_message": format_message})


def _formatter_of_names(label: Promise, message: Promise) -> type[LogFormatter]:
    def format_message(self: Any, log_entry: Any) -> str:
        return str(message) % defaultdict(str, log_entry.data)

    return type("EntityLogFormatter", (LogFormatter,), {"label": label, "format_message": format_message})
