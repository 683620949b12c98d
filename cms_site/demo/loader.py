"""Loads the demo: each thing once, in an order in which what is needed is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from . import accounts, articles, pages, personal, topics
from .content import DemoContent
from .ledger import Ledger


def steps(content: DemoContent, ledger: Ledger, password: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """(what it is, how to load it) of everything, in order. Loading twice changes nothing."""
    yield from topics.steps(content.topics, ledger)
    yield from pages.steps(content.sections, ledger)
    yield from articles.steps(content, ledger)
    yield from personal.steps(content.topics, ledger)
    yield from accounts.steps(ledger, password)
