"""Names as strings: what is one, and when two of them are the same."""

from __future__ import annotations

import re

MAX_WORDS = 8
MAX_LENGTH = 120

_EDGES = " \t\n\"'“”‘’«»‹›„`*_.,;:!?()[]{}<>|/\\–—-…•"
_ARTICLE = re.compile(r"(?:(?:[Tt]he|[Oo]ur|an?|les?|la|une?|des|du)\s+|l['’])(?=\S)")
_POSSESSIVE = re.compile(r"(?:['’]s|(?<=s)['’])$", re.IGNORECASE)
_DOTTED = re.compile(r"(?:[^\W\d_]\.){2,}")
_HONORIFIC = re.compile(
    r"(?:mrs?|ms|miss|mx|dr|prof|professor|sir|dame|lord|lady|saint|st|rev|reverend|father|sister|pope|king|queen"
    r"|prince|princess|president|chancellor|minister|senator|governor|mayor|captain|colonel|general|sergeant"
    r"|mme|mlle|m|maître|me|monsieur|madame|mademoiselle|docteur|professeur|président|présidente)\.?\s+(?=\S)",
    re.IGNORECASE,
)
# Weekdays and months (English, French), and the furniture of web pages.
_NOT_NAMES = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars
    avril mai juin juillet août septembre octobre novembre décembre
    photo image video read web online website homepage menu share figure table source credit
    """.split()  # noqa: SIM905
)


def is_name(text: str) -> bool:
    """Whether a mention can be a name: not all in lower case, neither a scrap nor a sentence, no weekday."""
    text = text.strip(_EDGES)
    if len(text) < 2 or len(text) > MAX_LENGTH or len(text.split()) > MAX_WORDS:
        return False
    has_capital_or_no_case = any(char.isalpha() and not char.islower() for char in text)
    return has_capital_or_no_case and (text.casefold() not in _NOT_NAMES or text == "Mars")


def clean_name(text: str, *, keep_article: bool = False) -> str:
    """A mention as it may be shown: without quotes, possessive and article.

    An article with a capital is kept where `keep_article` says so ("The Hague" within a sentence).
    """
    text = " ".join(text.split()).strip(_EDGES)
    text = _POSSESSIVE.sub("", text)
    article = _ARTICLE.match(text)
    if article and (not keep_article or article.group()[0].islower()):
        text = text[article.end() :]
    return text.strip(_EDGES)


def canonical_key(name: str, *, person: bool = False) -> str:
    """What two spellings of one name share: "the FBI's" and "F.B.I." are both "fbi".

    Of a person, honorifics are left out as well. Idempotent; "" where nothing is left.
    """
    key = name
    while True:
        shorter = clean_name(key)
        if person:
            shorter = _HONORIFIC.sub("", shorter, count=1) if _HONORIFIC.match(shorter) else shorter
        shorter = _DOTTED.sub(lambda match: match.group().replace(".", ""), shorter + ".")
        shorter = " ".join(shorter.casefold().split()).strip(_EDGES)
        if shorter == key:
            return key
        key = shorter


def is_acronym_of(short: str, long: str) -> bool:
    """Whether the capitals, or the initials of the words, of the long name spell the short one."""
    letters = [char.casefold() for char in short if char.isalpha()]
    if not 2 <= len(letters) <= 10 or sum(char.isupper() for char in short) < 2:
        return False
    capitals = [char.casefold() for char in long if char.isupper()]
    initials = [word[0].casefold() for word in re.findall(r"[^\W\d_]+", long)]
    content = [word[0].casefold() for word in re.findall(r"[^\W\d_]{4,}|[A-Z][^\W\d_]*", long)]
    return letters in (capitals, initials, content)
