"""Words and sentences: finding a topic's words as whole words, in any case, singular or plural."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# A Chinese or Japanese character stands as a word of its own: these scripts put no spaces between words.
_TOKEN = re.compile(r"([぀-ヿ㐀-鿿]|[^\W_぀-ヿ㐀-鿿]+)(?:['’]s\b)?")
_GAP = re.compile(r"[\s'’\-‐‑–/]*")  # between the words of one phrase
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")
_SAME_IN_PLURAL = frozenset({"news", "series", "species"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word: as it stands, folded for comparison, and its place in the text.

    `follows` tells whether nothing but space, hyphen or apostrophe parts it from the word before.
    """

    text: str
    folded: str
    start: int
    follows: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase was found: `owner` is the number given with the phrase, `start` its character offset."""

    owner: int
    start: int


def tokens(text: str) -> list[Token]:
    """The words of a text, without possessives: `WordPress's` is the one word `wordpress`."""
    found, end = [], 0
    for match in _TOKEN.finditer(text):
        word = match.group(1)
        found.append(Token(word, word.casefold(), match.start(), bool(_GAP.fullmatch(text, end, match.start()))))
        end = match.end()
    return found


def sentences(text: str) -> list[str]:
    """Split a paragraph into sentences by punctuation. Joined, they hold every word of the text."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip()]


def sentence_at(text: str, offset: int) -> str:
    """The sentence of a paragraph that a character offset falls into."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        if match.end() > offset:
            return text[start : match.end()].strip()
        start = match.end()
    return text[start:].strip()


def forms(word: str) -> frozenset[str]:
    """A folded word with its singular or plural: `city` and `cities`, `réseau` and `réseaux`.

    A form may be no word at all; it then matches nothing.
    """
    if word in _SAME_IN_PLURAL or len(word) < 3 or not word.isalpha():
        return frozenset({word})
    found = {word, *_singulars(word)}
    if word.endswith(("s", "x", "z", "ch", "sh")):
        found.add(word + "es")
    elif word.endswith("y") and word[-2] not in "aeiou":
        found.add(word[:-1] + "ies")
    else:
        found.add(word + "s")
    if word.endswith(("eau", "eu")):
        found.add(word + "x")
    return frozenset(found)


def _singulars(word: str) -> Iterator[str]:
    if word.endswith(("ss", "us", "is", "ics")):
        return
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith(("ses", "xes", "zes", "ches", "shes")):
        yield word[:-2]
    if word.endswith(("s", "eaux", "eux")):
        yield word[:-1]


class PhraseFinder:
    """Finds many phrases in one pass over a text, as whole words.

    Case does not matter, except for acronyms of up to four capitals: `IT` is not found in "it".
    """

    def __init__(self, phrases: Iterable[tuple[int, str]]) -> None:
        """Take (owner, phrase) pairs. A phrase without a word is ignored."""
        self._by_first: dict[str, list[tuple[int, Sequence[frozenset[str]], str]]] = {}
        for owner, phrase in phrases:
            words = tokens(phrase)
            if not words:
                continue
            only = words[0].text if len(words) == 1 else ""
            acronym = only if only.isupper() and only.isalpha() and len(only) <= 4 else ""
            rest = [forms(word.folded) for word in words[1:]]
            for first in {words[0].folded} if acronym else forms(words[0].folded):
                self._by_first.setdefault(first, []).append((owner, rest, acronym))

    def find(self, words: Sequence[Token]) -> Iterator[Hit]:
        """Every place where a phrase begins. Linear in the length of the text."""
        for number, word in enumerate(words):
            for owner, rest, acronym in self._by_first.get(word.folded, ()):
                if acronym and word.text != acronym:
                    continue
                following = words[number + 1 : number + 1 + len(rest)]
                if len(following) == len(rest) and all(
                    token.follows and token.folded in allowed for token, allowed in zip(following, rest, strict=True)
                ):
                    yield Hit(owner, word.start)
