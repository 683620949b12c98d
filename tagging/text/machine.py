"""Telling prose from what machines read: ids, addresses, class names, bylines."""

from __future__ import annotations

import re

# Who made a page is not what it is about.
_NOT_PROSE_NAMES = frozenset(
    """
    author authors byline credit credits copyright photographer source_url icon anchor css_class css_classes
    class_name html_id html_class theme template layout language language_code code_language timezone
    """.split()  # noqa: SIM905
)
_MACHINE_WORD = re.compile(
    r"""(?:https?://|www\.|mailto:|tel:)\S*   # an address
    | [^\s@]+@[^\s@]+\.[^\s@]+                # an email
    | [#./]\S*                                # a colour, an anchor, a path
    | \S*_\S*                                 # an identifier
    | [a-z0-9]+(?:--?[a-z0-9]+)+              # a slug or a class name
    | (?=\S*\d)(?=\S*[a-z])(?=\S*[A-Z])[\w-]{8,}  # a key
    """,
    re.VERBOSE,
)


def is_prose_name(name: str) -> bool:
    """Whether a field or block of this name may hold what a page says."""
    return name not in _NOT_PROSE_NAMES


def is_prose(text: str) -> bool:
    """Whether a string has a letter and is more than an address, an identifier or a number."""
    if not any(char.isalpha() for char in text[:1000]):
        return False
    words = text[:400].split()
    return len(words) > 4 or not all(_MACHINE_WORD.fullmatch(word) for word in words)
