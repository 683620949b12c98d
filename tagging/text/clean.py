"""From markup and raw strings to plain paragraphs. Linear in the length of the input."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import unescape
from html.parser import HTMLParser

MAX_CHARACTERS = 2_000_000  # of one field: four times the 200,000 words that a page may hold

_BLOCKS = frozenset(
    """
    address article aside blockquote br caption dd details div dl dt fieldset figcaption figure footer form h1 h2 h3
    h4 h5 h6 header hr legend li main nav ol option p section summary table tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905
)
# Their content is no prose.
_SILENT = frozenset(("script", "style", "template", "pre", "svg", "object", "iframe", "noscript", "textarea", "select"))

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--")
_BLANK_LINE = re.compile(r"\n\s*\n")
_MARKS = dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def paragraphs(value: str) -> list[str]:
    """Split a string into paragraphs of plain text, whether it holds HTML or not. None is empty.

    Entities are resolved, code samples and scripts left out; block elements and blank lines separate
    paragraphs.
    """
    value = value[:MAX_CHARACTERS]
    if not _TAG.search(value):
        return [part for raw in _BLANK_LINE.split(value) if (part := _without_tags(raw))]
    reader = _Reader()
    reader.feed(value)
    reader.close()
    return reader.paragraphs


def _without_tags(text: str) -> str:
    """Resolve what is still escaped (imports often escape twice) and drop the tags that come to light."""
    return plain(_TAG.sub(" ", unescape(text)))


def plain(text: str) -> str:
    """One line without control characters, lone surrogates and invisible marks; single spaces."""
    text = unicodedata.normalize("NFC", text.translate(_MARKS))
    if not text.isprintable():
        text = "".join(char if _is_text(char) else " " for char in text)
    return " ".join(text.split())


def _is_text(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cs", "Cn", "Co")


_leaves_out_links: ContextVar[bool] = ContextVar("leaves_out_links", default=False)


@contextmanager
def without_page_links() -> Iterator[None]:
    """Within it, the words of links to other pages of the site are left out: they say what those are called."""
    token = _leaves_out_links.set(True)
    try:
        yield
    finally:
        _leaves_out_links.reset(token)


class _Reader(HTMLParser):
    """Collects the text between block elements."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[str] = []
        self._parts: list[str] = []
        self._silent = 0
        self._in_link = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._flush()
        elif tag in _SILENT:
            self._silent += 1
        elif tag == "a" and _leaves_out_links.get():
            self._in_link = ("linktype", "page") in attrs

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._flush()

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._flush()
        elif tag in _SILENT and self._silent:
            self._silent -= 1
        elif tag == "a":
            self._in_link = False

    def handle_data(self, data: str) -> None:
        if not self._silent and not self._in_link:
            self._parts.append(data)

    def close(self) -> None:
        super().close()
        self._flush()

    def _flush(self) -> None:
        text = _without_tags("".join(self._parts))
        self._parts.clear()
        if text:
            self.paragraphs.append(text)
