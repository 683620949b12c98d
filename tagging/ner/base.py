"""What every recogniser of named entities offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from tagging.types import Mention, PageText


class Recognizer(ABC):
    """Finds names in pages of one language. Constructing one loads nothing: the first `recognize` does."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Unique id with the version of the pipeline or rules: pages are analysed anew when it changes."""

    @abstractmethod
    def recognize(self, texts: Sequence[PageText]) -> list[list[Mention]]:
        """The mentions of each page, in reading order; one list a page, in the order of the pages.

        Raises ModelUnavailable where the engine or its pipeline is not installed.
        """

    @abstractmethod
    def check(self) -> None:
        """Raise ModelUnavailable, naming the fix, where `recognize` could not work here. Loads no model."""
