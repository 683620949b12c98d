"""A spaCy pipeline of rules: entity ruler for known names, then a component that reads capitals and cues.

Imports spaCy: only for workers.
"""

from __future__ import annotations

from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from .cues import Guess, guess, is_headline, opens_sentence, runs
from .lexicon import Lexicon, lexicon

COMPONENT = "affinity_names"
KNOWN_CONFIDENCE = 0.9


def build(language: str) -> Language:
    """A blank pipeline of the language (of any language, where spaCy does not know it) with the rules."""
    words = lexicon(language)
    nlp = _blank(language)
    nlp.add_pipe("sentencizer")
    ruler: Any = nlp.add_pipe("entity_ruler", config={"overwrite_ents": True})
    names = [("LOC", name) for name in words.places] + [("ORG", name) for name in words.organizations]
    ruler.add_patterns([{"label": label, "pattern": name} for label, name in sorted(names)])
    nlp.add_pipe(COMPONENT, config={"language": language})
    return nlp


def _blank(language: str) -> Language:
    try:
        return spacy.blank(language.split("-")[0])
    except ImportError:
        return spacy.blank("xx")


@Language.factory(COMPONENT, default_config={"language": "en"}, retokenizes=False)
def create_names(nlp: Language, name: str, language: str) -> Names:
    """The factory that spaCy calls for `nlp.add_pipe("affinity_names")`."""
    return Names(lexicon(language))


class Names:
    """Joins the entity ruler's finds with runs of capitalised words that cues tell apart."""

    def __init__(self, words: Lexicon) -> None:
        self._words = words
        if not Span.has_extension("confidence"):
            Span.set_extension("confidence", default=None)

    def __call__(self, doc: Doc) -> Doc:
        known = [span for span in doc.ents if not self._is_plain_word(span)]
        places = {(span.start, span.end): span.label_ for span in known}
        found: list[Guess] = []
        if not is_headline(doc):
            found = [g for start, end in runs(doc, self._words) if (g := guess(doc, start, end, places, self._words))]
        guessed = [Span(doc, g.start, g.end, label=g.label) for g in found]
        for span, found_name in zip(guessed, found, strict=True):
            span._.confidence = found_name.confidence
        for span in known:
            span._.confidence = KNOWN_CONFIDENCE
        doc.ents = filter_spans([*guessed, *known])
        return doc

    def _is_plain_word(self, span: Span) -> bool:
        """Whether a known name ("Nice", "Split") only opens a sentence as the word that it also is."""
        word = span[0]
        common = word.lower_ in self._words.common and not word.is_upper
        return len(span) == 1 and common and opens_sentence(word)
