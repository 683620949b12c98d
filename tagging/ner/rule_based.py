"""The recogniser that needs nothing but spaCy: word lists and rules, in any language."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tagging.exceptions import ModelUnavailable
from tagging.types import Mention, PageText

from .names import canonical_key
from .spacy_pipeline import INSTALL, SpacyRecognizer

if TYPE_CHECKING:
    from spacy.language import Language

VERSION = 1  # grows with the rules and their word lists, so that pages are analysed anew

SURE = 0.6
HEADLINE_CHARACTERS = 120


class RuleRecognizer(SpacyRecognizer):
    """Gazetteer and cues, through spaCy's tokeniser, sentencizer and entity ruler.

    A name that is doubtful where it stands (at the start of a sentence, without a cue) counts where
    the same page makes it clear elsewhere; a name found in the text is then found in headlines, too.
    """

    def __init__(self, language: str) -> None:
        super().__init__(pipeline=f"affinity-rules/{language}")
        self.language = language

    @property
    def name(self) -> str:
        return f"{self.pipeline}@{VERSION}"

    def check(self) -> None:
        if importlib.util.find_spec("spacy") is None:
            raise ModelUnavailable(f"spaCy is not installed. {INSTALL}")

    def recognize(self, texts: Sequence[PageText]) -> list[list[Mention]]:
        found = super().recognize(texts)
        return [_settle(text, mentions) for text, mentions in zip(texts, found, strict=True)]

    def _load(self) -> Language:
        from .rules.component import build

        return build(self.language)


def _settle(text: PageText, mentions: Sequence[Mention]) -> list[Mention]:
    """Let the sure mentions of a page decide about its doubtful ones and its headlines."""
    sure: dict[str, Mention] = {}
    for mention in mentions:
        key = canonical_key(mention.text)
        if mention.score >= SURE and (key not in sure or sure[key].score < mention.score):
            sure[key] = mention
    settled = [_agree(mention, sure.get(canonical_key(mention.text))) for mention in mentions]
    settled += _in_headlines(text, settled, sure)
    return sorted(settled, key=lambda mention: (mention.paragraph, mention.start))


def _agree(mention: Mention, known: Mention | None) -> Mention:
    return replace(mention, label=known.label, score=known.score) if known and mention.score < SURE else mention


def _in_headlines(text: PageText, mentions: Sequence[Mention], sure: dict[str, Mention]) -> list[Mention]:
    """In a Headline Where Every Word Has a Capital, only names known from elsewhere can be told apart."""
    names = {mention.text: mention for mention in sure.values() if len(mention.text) > 3}
    if not names:
        return []
    longest_first = sorted(names, key=len, reverse=True)
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")
    taken = {(mention.paragraph, place) for mention in mentions for place in range(mention.start, mention.end)}
    return [
        replace(names[match.group()], paragraph=number, start=match.start(), end=match.end(), sentence=paragraph)
        for number, paragraph in enumerate(text.paragraphs())
        if len(paragraph) <= HEADLINE_CHARACTERS
        for match in pattern.finditer(paragraph)
        if (number, match.start()) not in taken
    ]
