"""One key for all the spellings of a name: case, accents, punctuation and plural make no difference to it."""

from __future__ import annotations

import re
import unicodedata

# Kept beside letters: "C", "C++" and "C#" are three languages, "2.0" and "20" two numbers.
_PARTS = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[+#]")
_MARKS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ё": "е"})
_WITH_MARKS_OFF = ("LATIN", "GREEK")  # elsewhere a mark makes another letter: й is no и, が no か
_NOT_PLURAL = frozenset({"https", "news", "series", "species"})


def fold(name: str) -> str:
    """The key that all spellings of a name share; folding a key gives the key itself.

    Compare keys, don't show them: "Open-data policies" is `opendatapolicy`. A name without a letter or
    digit is its own key.
    """
    key = unaccented(name.casefold())
    while (folded := _joined(key)) != key:
        key = folded
    return key


def unaccented(text: str) -> str:
    """Lower-case text without the accents of Latin and Greek letters: `café` is `cafe`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept, base = [], ""
    for character in decomposed:
        if not _MARKS.match(character):
            base = character
        elif unicodedata.name(base or " ", "").startswith(_WITH_MARKS_OFF):
            continue
        kept.append(character)
    composed = unicodedata.normalize("NFC", "".join(kept)).translate(_LETTERS)
    return composed if composed == text else unaccented(composed)


def difference(one: str, other: str) -> str:
    """What two spellings of a name differ by: "case", "accent", "punctuation", "plural", or "" where by more."""
    if one.casefold() == other.casefold():
        return "case"
    left, right = unaccented(one), unaccented(other)
    if left == right:
        return "accent"
    if fold(one) != fold(other):
        return ""
    return "punctuation" if "".join(_PARTS.findall(left)) == "".join(_PARTS.findall(right)) else "plural"


def _joined(key: str) -> str:
    parts = [_singular(part) for part in _PARTS.findall(key)]
    joined = ""
    for part in parts:
        # Two numbers side by side stay two: "1 23" is not "12 3".
        gap = " " if joined and joined[-1].isdigit() and part[0].isdigit() else ""
        joined += gap + part
    return joined or key


def _singular(word: str) -> str:
    """The stem that singular and plural share, English and French; no word that anybody would write."""
    if word in _NOT_PLURAL:
        return word
    if len(word) > 4 and word.endswith(("eaux", "eux")):
        word = word[:-1]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us")):
        word = word if len(word) > 4 and word.endswith("is") else word[:-1]
    if len(word) > 3 and word.endswith("ie"):
        return word[:-2] + "y"
    if len(word) > 3 and word.endswith(("se", "xe", "ze", "che", "she")):
        return word[:-1]
    return word
