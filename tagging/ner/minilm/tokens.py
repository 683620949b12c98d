"""What the head knows of a token besides MiniLM's states, and how long texts are cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from functools import lru_cache

MAX_TOKENS = 160
STOPS = frozenset(".!?…")


class Shape(IntEnum):
    """A token's letters. MiniLM reads lower case only: this is all the head learns of capitals."""

    LOWER = 0
    TITLE = 1
    UPPER = 2
    CAPITAL = 3
    MIXED = 4
    DIGITS = 5
    WITH_DIGIT = 6
    NO_LETTER = 7
    SPACE = 8
    BREAK = 9


@lru_cache(maxsize=50_000)
def shape_of(token: str) -> Shape:
    """The shape of one token, whitespace included; BREAK is whitespace with a line break in it."""
    if token.isspace():
        return Shape.BREAK if "\n" in token else Shape.SPACE
    letters = [char for char in token if char.isalpha()]
    has_digit = any(char.isdigit() for char in token)
    if not letters:
        return Shape.DIGITS if has_digit else Shape.NO_LETTER
    if has_digit:
        return Shape.WITH_DIGIT
    if all(char.islower() for char in letters):
        return Shape.LOWER
    if len(letters) == 1:
        return Shape.CAPITAL
    if all(char.isupper() for char in letters):
        return Shape.UPPER
    return Shape.TITLE if not letters[0].islower() and all(char.islower() for char in letters[1:]) else Shape.MIXED


def windows(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Cut a text's tokens into (start, end) of at most MAX_TOKENS, at a line's or sentence's end where there is one."""
    start = 0
    while len(tokens) - start > MAX_TOKENS:
        end = _last_stop(tokens, start + MAX_TOKENS // 2, start + MAX_TOKENS)
        yield start, end
        start = end
    if start < len(tokens):
        yield start, len(tokens)


def _last_stop(tokens: Sequence[str], first: int, end: int) -> int:
    for position in range(end - 1, first, -1):
        if "\n" in tokens[position] or tokens[position] in STOPS:
            return position + 1
    return end
