"""Reading capitals: which runs of words are names, and of what. Each guess says how sure it is.

The numbers are judgements, set so that what passes .6 alone is right nine times in ten on magazine prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagging.types import EntityLabel

from .lexicon import Lexicon

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

Known = Mapping[tuple[int, int], str]

_OPENS = frozenset("\"'“‘«„([:–—-•*…>|/")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+-?(?:[^\W\d_]\.)*")
_ROMAN = re.compile(r"[IVXLC]+")


@dataclass(frozen=True, slots=True)
class Guess:
    """Tokens `start` to `end` (exclusive) are a name; `confidence` in [0, 1]."""

    start: int
    end: int
    label: EntityLabel
    confidence: float


def is_headline(doc: Doc) -> bool:
    """Whether every word that matters has a capital, and there is no full stop: capitals then say nothing."""
    words = [token.text for token in doc if token.text[0].isalpha() and len(token.text) > 3 and not token.is_stop]
    return 4 <= len(words) <= 20 and all(word[0].isupper() for word in words) and doc[-1].text != "."


def opens_sentence(token: Token) -> bool:
    """Whether the word would have a capital here whatever it is."""
    return bool(token.is_sent_start) or token.i == 0 or token.nbor(-1).text[-1] in _OPENS or token.nbor(-1).is_space


def runs(doc: Doc, words: Lexicon) -> Iterator[tuple[int, int]]:
    """Stretches of capitalised words, with the small words that names hold ("of", "van", "&")."""
    place = 0
    while place < len(doc):
        if _is_capital(doc[place]):
            end = _run_end(doc, place, words)
            yield place, end
            place = end
        else:
            place += 1


def _run_end(doc: Doc, start: int, words: Lexicon) -> int:
    end = start + 1
    while end < len(doc) and (step := _step(doc, start, end, words)):
        end += step
    return end


def _step(doc: Doc, start: int, end: int, words: Lexicon) -> int:
    """How many tokens from `end` on still belong to the run that began at `start`."""
    token = doc[end]
    if token.is_sent_start:
        return 0
    if _is_capital(token):
        return 1
    if not _is_capital_at(doc, end + 1):
        linked = token.lower_ in words.linkers and _is_head(doc[end - 1], words)
        article = end + 1 < len(doc) and doc[end + 1].lower_ in words.articles | words.particles
        two = article and _is_capital_at(doc, end + 2)
        return 3 if two and (linked or _joins_person(doc, start, end, words)) else 0
    if token.text == "&" or (token.text in "-–" and not doc[end - 1].whitespace_ and not token.whitespace_):
        return 2
    if token.lower_ in ("'s", "’s"):
        return 2 if _is_head(doc[end + 1], words) and not _is_capital_at(doc, end + 2) else 0
    if token.lower_ in words.linkers and any(_is_head(before, words) for before in (doc[end - 1], doc[start])):
        return 2
    return 2 if _joins_person(doc, start, end, words) else 0


def _joins_person(doc: Doc, start: int, end: int, words: Lexicon) -> bool:
    """Whether "van" in "Vincent van Gogh" stands between the parts of a person's name."""
    return doc[end].text in words.particles and (
        doc[start].text in words.first_names or doc[end].text not in words.linkers | words.articles
    )


def guess(doc: Doc, start: int, end: int, known: Known, words: Lexicon) -> Guess | None:
    """What a run of capitalised words names, if anything. Names that are `known` already are left alone."""
    titled = start > 0 and doc[start - 1].lower_ in words.titles and doc[start - 1].text[0].isupper()
    start, end, title_inside = _trim(doc, start, end, known, words)
    start = _after_place(doc, start, end, known, words)
    if start >= end or (start, end) in known:
        return None
    run = _Run(doc, start, end, known, words, titled or title_inside)
    label, confidence = run.classify()
    return Guess(start, end, label, confidence) if label else None


def _trim(doc: Doc, start: int, end: int, known: Known, words: Lexicon) -> tuple[int, int, bool]:
    """Cut off what has a capital for another reason: the sentence's first word, "French", "Dr"."""
    titled = False
    has_head = any(_is_head(token, words) for token in doc[start + 1 : end])
    while start < end and not any(place[0] == start and place[1] <= end for place in known):
        token, word = doc[start], doc[start].lower_
        longer = end - start > 1
        if word in words.titles and longer and not has_head:
            titled = True
        elif word in words.not_names:
            if longer and has_head and not opens_sentence(token):
                break
        elif opens_sentence(token):
            first_name = longer and token.text in words.first_names
            if first_name or _opens_name(doc, start, end, words) or not _is_common(token, words):
                break
        elif not (token.is_stop and word not in words.particles and token.text not in words.first_names):
            break
        start += 1
    while end > start and (doc[end - 1].lower_ in words.not_names or doc[end - 1].is_stop) and end - start > 1:
        end -= 1
    return start, end, titled


def _after_place(doc: Doc, start: int, end: int, known: Known, words: Lexicon) -> int:
    """Where a person's name begins right after a place's: "In Zagreb Olinka Vištica opened"."""
    if start and doc[start - 1].lower_ in words.in_place:
        place_end = max((stop for (begin, stop) in known if begin == start), default=start)
        if end - place_end > 1 and not any(_is_common(token, words) for token in doc[place_end:end]):
            return place_end
    return start


def _opens_name(doc: Doc, start: int, end: int, words: Lexicon) -> bool:
    """Whether a common word opens a name all the same: "University of Oxford", "Lake Victoria"."""
    if end - start < 2:
        return False
    return doc[start].lower_ in words.place_openers or (
        _is_head(doc[start], words) and doc[start + 1].lower_ in words.linkers
    )


@dataclass(frozen=True, slots=True)
class _Run:
    doc: Doc
    start: int
    end: int
    known: Known
    words: Lexicon
    titled: bool

    def classify(self) -> tuple[EntityLabel | None, float]:
        if not self._tokens or (self._size == 1 and self._tokens[0].lower_ in self.words.acronyms):
            return None, 0.0
        return self._by_head() or self._person() or self._acronym() or self._place() or self._unknown()

    @property
    def _tokens(self) -> list[Token]:
        return [token for token in self.doc[self.start : self.end] if token.text[0].isupper()]

    @property
    def _size(self) -> int:
        return len(self._tokens)

    @property
    def _uncommon(self) -> int:
        return sum(not _is_common(token, self.words) for token in self._tokens)

    @property
    def _before(self) -> str:
        return self.doc[self.start - 1].lower_ if self.start else ""

    @property
    def _after(self) -> str:
        return self.doc[self.end].lower_ if self.end < len(self.doc) else ""

    def _by_head(self) -> tuple[EntityLabel, float] | None:
        """A word that says what it is: "Museum", "River", "University of"."""
        if self._size < 2:
            return None
        tokens = self._tokens
        heads = [tokens[-1].lower_, tokens[0].lower_]
        heads += [t.nbor(-1).lower_ for t in self.doc[self.start + 1 : self.end] if t.lower_ in self.words.linkers]
        named = self._uncommon > 0 or len(tokens) > 2
        if tokens[0].text in self.words.first_names and self._size <= 3 and heads[0] in self.words.also_surnames:
            return None
        if any(head in self.words.organization_heads for head in heads[:1] + heads[2:]) or (
            heads[1] in self.words.organization_heads and self._has_linker
        ):
            return "ORG", 0.85 if named else 0.45
        if heads[0] in self.words.place_heads or (heads[1] in self.words.place_heads and self._has_linker):
            return "LOC", 0.8 if named else 0.4
        if heads[1] in self.words.place_openers and self._uncommon:
            return "LOC", 0.75
        return None

    @property
    def _has_linker(self) -> bool:
        return any(token.lower_ in self.words.linkers for token in self.doc[self.start : self.end])

    def _person(self) -> tuple[EntityLabel, float] | None:
        tokens, words = self._tokens, self.words
        if self._size > 5 or any(_is_acronym(token) for token in tokens):
            return None
        if self.titled and self._uncommon:
            return "PER", 0.85
        if self._size >= 2 and tokens[0].text in words.first_names:
            sure = not _is_common(tokens[-1], words)
            return ("PER", 0.9 if sure else 0.65) if sure or self._size <= 3 else ("MISC", 0.4)
        if self._size >= 2 and _INITIALS.fullmatch(tokens[0].text):
            return "PER", 0.85
        if self._before in words.roles and self._uncommon:
            return "PER", 0.85 if self._size >= 2 else 0.6
        if self._size >= 2 and self._uncommon == self._size and not self._holds_known:
            particle = any(token.text in words.particles for token in self.doc[self.start : self.end])
            says = self._after in words.speech and self._before not in words.articles and not self._numbered
            if particle or says:
                return "PER", 0.75
        return None

    @property
    def _holds_known(self) -> bool:
        return any(self.start <= start and end <= self.end for start, end in self.known)

    def _acronym(self) -> tuple[EntityLabel, float] | None:
        text = self.doc[self.start].text
        if self.end - self.start != 1 or not (2 <= len(text) <= 6 and text.isalpha() and text.isupper()):
            return None
        if _ROMAN.fullmatch(text):
            return None
        return "ORG", 0.65 if self._before in {"(", "the", "by"} else 0.4

    def _place(self) -> tuple[EntityLabel, float] | None:
        """A name after "in". After "at" or "à" it may be anything; a single word is a place at best."""
        if self._uncommon < self._size or self._size > 3 or self._numbered or self._holds_known:
            return None
        if self._before in self.words.in_place:
            return ("LOC", 0.4) if self._tokens[0].text in self.words.first_names else ("LOC", 0.65)
        if self._before in self.words.at_place and self._size == 1:
            return "LOC", 0.4
        return None

    @property
    def _numbered(self) -> bool:
        """Whether a number belongs to the name: "Artemis II", "Hut 8"."""
        return any(_ROMAN.fullmatch(token.text) for token in self._tokens) or self._after.isdigit()

    def _unknown(self) -> tuple[EntityLabel | None, float]:
        """No cue at all: two or three words nobody uses otherwise are a person more often than not."""
        if self._uncommon == 0:
            return None, 0.0
        if self._size == 1:
            return "MISC", 0.15 if opens_sentence(self.doc[self.start]) else 0.3
        if self._size <= 3 and self._uncommon == self._size and self._is_spaced and not self._holds_known:
            thing = self._before in self.words.articles or self._numbered or any(map(_is_acronym, self._tokens))
            return ("MISC", 0.4) if thing else ("PER", 0.62)
        return "MISC", 0.4

    @property
    def _is_spaced(self) -> bool:
        return any(token.whitespace_ for token in self.doc[self.start : self.end - 1])


def _is_acronym(token: Token) -> bool:
    return len(token.text) > 1 and token.text.isupper() and token.text.isalpha() and not _ROMAN.fullmatch(token.text)


def _is_capital(token: Token) -> bool:
    return token.text[0].isupper()


def _is_capital_at(doc: Doc, place: int) -> bool:
    return place < len(doc) and _is_capital(doc[place]) and not doc[place].is_sent_start


def _is_head(token: Token, words: Lexicon) -> bool:
    return token.text[0].isupper() and (token.lower_ in words.organization_heads or token.lower_ in words.place_heads)


def _is_common(token: Token, words: Lexicon) -> bool:
    return bool(token.is_stop) or token.lower_ in words.common or token.lower_ in words.not_names
