"""`Together`: threads whose writes meet share one, and none of them sees more of the others than its result."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from personalization.visitors.together import Together


class Writer:
    """Holds its first write until it is let go, so that what comes meanwhile must meet."""

    def __init__(self, wrong: frozenset[str] = frozenset(), error: type[Exception] = ValueError) -> None:
        self.wrong, self.error = wrong, error
        self.batches: list[dict[str, int]] = []
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def __call__(self, items: Mapping[str, int]) -> dict[str, int]:
        self.batches.append(dict(items))
        if len(self.batches) == 1:
            self.begun.set()
            assert self.may_go_on.wait(10)
        if self.wrong & set(items):
            raise self.error(*items)
        return {key: -item for key, item in items.items()}


def meet(writer: Writer, items: list[tuple[str, int]], most: int = 16) -> list[int | str]:
    """What each is told, where all but the first come while that is written."""
    together = Together(writer, alone=(ValueError,), most=most)
    with ThreadPoolExecutor(len(items)) as pool:
        futures = [pool.submit(together.write, *items[0])]
        assert writer.begun.wait(10)
        for number, item in enumerate(items[1:], 1):
            futures.append(pool.submit(together.write, *item))
            while len(together._waiting) < number:
                pass
        writer.may_go_on.set()
        return [str(future.exception()) if future.exception() else future.result() for future in futures]


def test_what_comes_meanwhile_is_written_at_once():
    writer = Writer()
    assert meet(writer, [("a", 1), ("b", 2), ("c", 3), ("d", 4)]) == [-1, -2, -3, -4]
    assert writer.batches == [{"a": 1}, {"b": 2, "c": 3, "d": 4}]


def test_a_second_one_of_a_key_waits_for_the_next_turn():
    writer = Writer()
    assert meet(writer, [("a", 1), ("b", 2), ("b", 3), ("c", 4)]) == [-1, -2, -3, -4]
    assert writer.batches == [{"a": 1}, {"b": 2, "c": 4}, {"b": 3}]


def test_no_more_than_allowed_are_written_at_once():
    writer = Writer()
    assert meet(writer, [(str(number), number) for number in range(6)], most=2) == [0, -1, -2, -3, -4, -5]
    assert [len(batch) for batch in writer.batches] == [1, 2, 2, 1]


def test_one_that_is_wrong_fails_alone():
    assert meet(Writer(frozenset("c")), [("a", 1), ("b", 2), ("c", 3), ("d", 4)]) == [-1, -2, "c", -4]


def test_an_outage_is_everybodys_and_is_tried_once():
    writer = Writer(frozenset("c"), ConnectionError)
    told = meet(writer, [("a", 1), ("b", 2), ("c", 3)])
    assert told[0] == -1
    assert told[1] == told[2] == str(ConnectionError("b", "c"))
    assert len(writer.batches) == 2


def test_after_a_failure_the_next_is_written():
    writer = Writer(frozenset("a"))
    together = Together(writer, alone=(ValueError,))
    writer.may_go_on.set()
    with pytest.raises(ValueError, match="a"):
        together.write("a", 1)
    assert together.write("b", 2) == -2
