"""A recogniser that knows the names it was given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tagging.ner.base import Recognizer
from tagging.types import EntityLabel, Mention, PageText


class FakeRecognizer(Recognizer):
    """Finds the given names as whole words, each with `score`. Text that contains `fails_on` raises a RuntimeError."""

    def __init__(self, names: Mapping[str, EntityLabel] | None = None, *, fails_on: str = "") -> None:
        self._names = dict(names or {})
        self._fails_on = fails_on
        self.score = 1.0
        self.calls: list[list[int]] = []

    @property
    def name(self) -> str:
        return "fake@1"

    def recognize(self, texts: Sequence[PageText]) -> list[list[Mention]]:
        self.calls.append([text.page_id for text in texts])
        return [list(self._mentions(text)) for text in texts]

    def check(self) -> None:
        """Nothing can be missing."""

    def _mentions(self, text: PageText) -> Iterator[Mention]:
        for number, paragraph in enumerate(text.paragraphs()):
            if self._fails_on and self._fails_on in paragraph:
                raise RuntimeError(f"The text holds {self._fails_on!r}.")
            for name, label in self._names.items():
                for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", paragraph):
                    yield Mention(name, label, number, match.start(), match.end(), paragraph, self.score)
