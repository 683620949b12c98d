"""Batches of texts of different lengths that hold little padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

BATCH_PIECES = 4096
PAD_TO = 16  # engines keep memory and kernels for each shape they have seen: of padded lengths there are few


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of texts with these lengths, longest first, each batch of at most BATCH_PIECES with its padding."""
    order = sorted(range(len(lengths)), key=lambda number: (-lengths[number], number))
    start = 0
    while start < len(order):
        size = max(1, BATCH_PIECES // max(lengths[order[start]], 1))
        yield order[start : start + size]
        start += size


def padded_length(longest: int) -> int:
    """The next multiple of PAD_TO."""
    return -(-longest // PAD_TO) * PAD_TO
