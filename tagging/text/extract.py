"""From a page of any type to its text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.module_loading import import_string

from tagging.conf import settings
from tagging.types import PageText

from .clean import paragraphs, plain
from .fields import named_paragraphs

SUMMARY_FIELDS = ("intro", "introduction", "summary", "lead", "lede", "excerpt", "deck", "standfirst", "description")


def extract(page: Any) -> PageText:
    """What a page says: title, summary and body without markup, whatever its type.

    A page type may say so itself: by an attribute or method `tagging_text`, or by a callable in the
    setting TEXT. Either gives a string or several, plain or HTML, that take the place of all fields.
    """
    page = page.specific
    title = plain(page.title)
    own_text = _override(page)
    if own_text is None:
        summary, body = _from_fields(page)
    else:
        summary, body = "", [text for part in own_text for text in paragraphs(str(part))]
    said = {title.casefold(), summary.casefold()}
    return PageText(
        page_id=page.pk,
        title=title,
        summary="" if summary.casefold() == title.casefold() else summary,
        body=tuple(text for text in body if text.casefold() not in said),
        language=page.locale.language_code,
    )


def _override(page: Any) -> Iterable[str] | None:
    """The text by the setting or by the page type itself; None where neither says anything."""
    by_setting = settings.TEXT.get(page._meta.label) or settings.TEXT.get(page._meta.label_lower)
    own: Any = import_string(by_setting)(page) if by_setting else getattr(page, "tagging_text", None)
    if callable(own):
        own = own()
    return (own,) if isinstance(own, str) else own


def _from_fields(page: Any) -> tuple[str, list[str]]:
    """The field called like a summary (failing one, Wagtail's search description), and all other prose."""
    found = list(named_paragraphs(page))
    summary_name = next((name for name, _ in found if name in SUMMARY_FIELDS), None)
    summary = " ".join(text for name, texts in found if name == summary_name for text in texts)
    body = [text for name, texts in found if name != summary_name for text in texts]
    return summary or plain(getattr(page, "search_description", "")), body
