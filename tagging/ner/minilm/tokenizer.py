"""spaCy's English tokens without spaCy's documents, which would cost as much as the head itself."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

KEPT_WORDS = 50_000
KEPT_LETTERS = 40  # of a word; longer ones hardly come twice

_RUN = re.compile(r"\S+|\s+")

Tokens = list[tuple[int, str]]
"""(offset, text) of each token, in order."""


class Tokenizer:
    """Gives the tokens that `nlp.tokenizer` would, and remembers how it divides a word between two spaces."""

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp
        self._remembered = lru_cache(maxsize=KEPT_WORDS)(self._divide)

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text. As in spaCy, white space is a token, but for one space after a word."""
        found: Tokens = []
        for match in _RUN.finditer(text):
            run, start = match.group(), match.start()
            if run == " " and start:
                continue
            if run.isspace():
                skipped = int(start > 0 and run[0] == " ")
                found.append((start + skipped, run[skipped:]))
                continue
            parts = self._remembered(run) if len(run) <= KEPT_LETTERS else self._divide(run)
            found += [(start + offset, part) for offset, part in parts]
        return found

    def _divide(self, word: str) -> tuple[tuple[int, str], ...]:
        # Without a memory zone, spaCy keeps every word it ever saw, and the worker grows with each page.
        with self._nlp.memory_zone():
            return tuple((token.idx, token.text) for token in self._nlp.tokenizer(word))
