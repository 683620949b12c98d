"""A message with its undoing."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.translation import gettext


def with_undo(text: str, url: str) -> str:
    """As Wagtail's own messages have it: a button that posts."""
    return format_html(
        '{} <span class="buttons"><button type="button" class="button button-small button-secondary"'
        ' data-controller="w-action" data-action="w-action#post" data-w-action-url-value="{}">{}</button></span>',
        text,
        url,
        gettext("Undo"),
    )
