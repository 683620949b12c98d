"""What every recogniser of named entities offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

from tagging.reading.states import TextStates
from tagging.reading.windows import Window
from tagging.types import Mention, PageText


class Recognizer(ABC):
    """Finds names in pages of one language. Constructing one loads nothing: the first `recognize` does.

    It asks no database: workers read pages in a thread, while those before are stored.
    """

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


class StatesRecognizer(Recognizer):
    """Finds names in what MiniLM has read, so that the page vectors' pass serves it, too.

    `recognize` runs a pass of its own.
    """

    @abstractmethod
    def recognize_read(
        self, texts: Sequence[PageText], read: Iterable[tuple[Window, TextStates]]
    ) -> list[list[Mention]]:
        """As `recognize`, where `read` are all the pages' windows for names, in any order. Goes through all of it."""
