"""Reasons in the reader's words and language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from personalization.types import Reason
from personalization.visibility import visible_pages
from tagging import index

_OF_OTHERS = ("next", "together", "alike")


@dataclass(frozen=True, slots=True)
class ItemReason:
    """A reason's code for programs, and its text for readers."""

    code: str
    text: str

    def __str__(self) -> str:
        return self.text


class ReasonWords:
    """The words for all reasons of a list. Names of topics, entities and pages are fetched once for all of them.

    Nothing is named that a reader may not see any more: then a more general reason stands in.
    """

    def __init__(self, reasons: Iterable[Reason], site_id: int) -> None:
        named = [(reason.code, reason.params) for reason in reasons]
        topics = {params["topic_id"] for _code, params in named if "topic_id" in params}
        entities = {params["entity_id"] for _code, params in named if "entity_id" in params}
        pages = {
            params["page_id"]
            for code, params in named
            if code == "read" or (code in _OF_OTHERS and not params.get("is_here") and "page_id" in params)
        }
        self._topics = index.topic_names(topics) if topics else {}
        self._entities = index.entity_names(entities) if entities else {}
        self._titles = _titles(pages, site_id) if pages else {}

    def of(self, reasons: Iterable[Reason]) -> tuple[ItemReason, ...]:
        """In their order; no text twice."""
        found = [ItemReason(reason.code, self._text(reason.code, reason.params)) for reason in reasons]
        return tuple({reason.text: reason for reason in found}.values())

    def _text(self, code: str, params: Mapping[str, Any]) -> str:
        if code in _OF_OTHERS:
            return self._of_others(code, params)
        if code in ("similar", "same_topic", "entity", "terms"):
            return self._shared(code, params)
        if code in ("topic", "read", "onward", "profile"):
            return self._of_reader(code, params)
        match code:
            case "trending":
                return _("Trending this week")
            case "series":
                return _("Next in this series")
            case "new":
                return pgettext("page", "New")
            case "recent":
                return _("Among the newest")
            case "pinned":
                return _("Editors’ pick")
            case "suggested":
                return _("You may like this")
        return str(params.get("text", code))

    def _of_reader(self, code: str, params: Mapping[str, Any]) -> str:
        if code == "topic" and params["topic_id"] in self._topics:
            return _("More on %(topic)s") % {"topic": topic_label(self._topics[params["topic_id"]])}
        if code == "read" and params["page_id"] in self._titles:
            return _("Because you read “%(title)s”") % {"title": self._titles[params["page_id"]]}
        return _("Goes on from what you read") if code == "onward" else _("Based on what you read")

    def _shared(self, code: str, params: Mapping[str, Any]) -> str:
        if code == "same_topic" and params["topic_id"] in self._topics:
            return _("Also on %(topic)s") % {"topic": topic_label(self._topics[params["topic_id"]])}
        if code == "entity" and params["entity_id"] in self._entities:
            return _("Also about %(names)s") % {"names": self._entities[params["entity_id"]]}
        if code == "terms":
            return _("Also about %(names)s") % {"names": ", ".join(map(str, params["terms"]))}
        return _("Related to this page")

    def _of_others(self, code: str, params: Mapping[str, Any]) -> str:
        if params.get("is_here"):
            return _("Readers of this page went on to it") if code == "next" else _("Often read with this page")
        title = self._titles.get(params.get("page_id", 0))
        if title is None:
            return _("Read by people who read what you read")
        if code == "next":
            return _("Readers of “%(title)s” went on to it") % {"title": title}
        return _("Often read with “%(title)s”") % {"title": title}


def topic_label(name: str) -> str:
    """A topic tree is in one language, a site in several: it may translate names in the context "topic"."""
    return pgettext("topic", name)


def _titles(page_ids: Iterable[int], site_id: int) -> dict[int, str]:
    """Of visible pages only: a page that was taken back is not named any more."""
    return dict(visible_pages(site_id).filter(pk__in=page_ids).values_list("pk", "title"))
