"""Names that differ by a slip of the pen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

SHORTEST = 6  # letters of the longer key: among short words, neighbours are words of their own
LONG = 10  # from here on two slips may be one word


def misspelt(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs of folded names that a slip or two apart: a letter added, left out, changed or swapped.

    Keys with digits or signs are left out, as are short ones, and pairs of which one begins with the
    other, as "person" and "personal" do. The first letter is taken to be right, so that 10,000 names are
    compared in well under a second.
    """
    buckets: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        if key.isalpha() and len(key) >= SHORTEST - 1:
            buckets[key[0]].append(key)
    for bucket in buckets.values():
        bucket.sort()
        distances = cdist(bucket, bucket, scorer=OSA.distance, score_cutoff=2)
        for row, column in zip(*(distances <= 2).nonzero(), strict=True):
            if row < column and _is_slip(bucket[row], bucket[column], int(distances[row, column])):
                yield bucket[row], bucket[column]


def _is_slip(one: str, other: str, distance: int) -> bool:
    shorter, longer = sorted((one, other), key=len)
    if longer.startswith(shorter) or len(longer) < SHORTEST:
        return False
    return distance <= (2 if len(shorter) >= LONG else 1)
