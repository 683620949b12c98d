"""Wikidata ids in forms and lists."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tagging.operations.csv_lines import parse_wikidata_id


class WikidataField(forms.CharField):
    """Takes `Q42`, `q42` or an item's address; gives `Q42`, or ""."""

    def __init__(self, **kwargs: Any) -> None:
        defaults = {
            "label": _("Wikidata id"),
            "required": False,
            "help_text": _("Such as Q42, or the address of the item at wikidata.org."),
        }
        super().__init__(**{**defaults, **kwargs})

    def clean(self, value: Any) -> str:
        return parse_wikidata_id(str(super().clean(value)))


def item_link(wikidata_id: str) -> SafeString | str:
    """A link to an item, in a new tab; "" for no item."""
    if not wikidata_id:
        return ""
    return _new_tab(f"https://www.wikidata.org/wiki/{wikidata_id}", wikidata_id)


def search_link(name: str) -> SafeString:
    """A link to Wikidata's search for a name, in a new tab."""
    query = urlencode({"search": name})
    return _new_tab(f"https://www.wikidata.org/w/index.php?{query}", gettext("Look it up in Wikidata"))


def _new_tab(url: str, text: str) -> SafeString:
    return format_html(
        '<a href="{}" target="_blank" rel="noreferrer">{}<span class="w-sr-only"> {}</span></a>',
        url,
        text,
        gettext("(opens in a new tab)"),
    )
