"""What threads of a process want written at the same time is written together: a commit costs the same for all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Wish(Generic[Key, Item, Result]):
    key: Key
    item: Item
    outcome: Future[Result] = field(default_factory=Future)


class Together(Generic[Key, Item, Result]):
    """Hands items to `write`: whatever came while those before were under way, at most `most`, and one of a key.

    `write` takes items by their keys, and gives a result for each. Where it raises one of `alone`, and there were
    several, each is written by itself, so that it fails for whom it must; any other error is everybody's.
    """

    def __init__(
        self,
        write: Callable[[Mapping[Key, Item]], Mapping[Key, Result]],
        alone: tuple[type[Exception], ...],
        most: int = 16,
    ) -> None:
        self._write, self._alone, self._most = write, alone, most
        self._waiting: list[_Wish[Key, Item, Result]] = []
        self._turn, self._access = threading.Lock(), threading.Lock()

    def write(self, key: Key, item: Item) -> Result:
        """The item's result, once it is written: by this thread, or by one whose turn came first."""
        wish = _Wish[Key, Item, Result](key, item)
        with self._access:
            self._waiting.append(wish)
        while not wish.outcome.done():
            with self._turn:
                if not wish.outcome.done():
                    self._grant(self._next())
        return wish.outcome.result()

    def _next(self) -> dict[Key, _Wish[Key, Item, Result]]:
        """The first of those who wait. A second one of a key waits for the next turn."""
        chosen: dict[Key, _Wish[Key, Item, Result]] = {}
        with self._access:
            for wish in self._waiting:
                if len(chosen) < self._most:
                    chosen.setdefault(wish.key, wish)
            self._waiting = [wish for wish in self._waiting if chosen.get(wish.key) is not wish]
        return chosen

    def _grant(self, wishes: Mapping[Key, _Wish[Key, Item, Result]]) -> None:
        try:
            results = self._write({key: wish.item for key, wish in wishes.items()})
        except BaseException as error:
            if len(wishes) > 1 and isinstance(error, self._alone):
                for key, wish in wishes.items():
                    self._grant({key: wish})
                return
            for wish in wishes.values():
                wish.outcome.set_exception(error)
            if not isinstance(error, Exception):
                raise
            return
        for key, wish in wishes.items():
            wish.outcome.set_result(results[key])
