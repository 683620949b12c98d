"""Working one step ahead: while one batch is looked at, the next one is computed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def one_ahead(steps: Iterator[T]) -> Iterator[T]:
    """The same steps in the same order; the next one is made in a thread while the last one is in use.

    Two of them are in memory at most. What a step raises is raised in its turn. Pays where making a step leaves the
    interpreter to others, as models do.
    """
    with ThreadPoolExecutor(1, "one-ahead") as thread:
        following = thread.submit(next, steps, None)
        while (step := following.result()) is not None:
            following = thread.submit(next, steps, None)
            yield step
