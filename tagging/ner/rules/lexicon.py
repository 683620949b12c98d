"""What the rules know: lists of names, and the cues of each language, from `data/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("en", "fr")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words in lower case, except for the names in `places`, `organizations` and `first_names`."""

    places: frozenset[str]
    organizations: frozenset[str]
    first_names: frozenset[str]
    common: frozenset[str]
    acronyms: frozenset[str]
    particles: frozenset[str]
    also_surnames: frozenset[str]
    not_names: frozenset[str]
    titles: frozenset[str]
    roles: frozenset[str]
    speech: frozenset[str]
    organization_heads: frozenset[str]
    place_heads: frozenset[str]
    place_openers: frozenset[str]
    linkers: frozenset[str]
    in_place: frozenset[str]
    at_place: frozenset[str]
    articles: frozenset[str]


@lru_cache(maxsize=16)
def lexicon(language: str) -> Lexicon:
    """The words for a language ("fr", "pt-br"): English cues come with every other, since English names travel.

    A language without cues of its own gets no plain words either: what opens a sentence is then doubtful.
    """
    code = language.split("-")[0]
    cues = _cues("en")
    if code in LANGUAGES and code != "en":
        cues = {key: words | cues[key] for key, words in _cues(code).items()}
    return Lexicon(
        places=_lines("places.txt"),
        organizations=_lines("organisations.txt"),
        first_names=_lines("first_names.txt"),
        common=_lines(f"common_{code}.txt") if code in LANGUAGES else frozenset(),
        **_cues("shared"),
        **cues,
    )


def _cues(name: str) -> dict[str, frozenset[str]]:
    return {key: frozenset(words.split()) for key, words in tomllib.loads(_read(f"{name}.toml")).items()}


def _lines(name: str) -> frozenset[str]:
    return frozenset(line for line in _read(name).splitlines() if line)


def _read(name: str) -> str:
    return files(__package__).joinpath("data", name).read_text(encoding="utf-8")
