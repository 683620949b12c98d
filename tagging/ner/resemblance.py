"""How alike two names are: what may be proposed to an editor as one and the same. Nothing is merged by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .names import canonical_key, is_acronym_of

Reason = Literal["words", "initials", "part", "spelling"]

MIN_SPELLING = 0.5  # of the trigrams of both names that they share (Jaccard)
MIN_PART = 3  # characters of a name that stands for a longer one


@dataclass(frozen=True, slots=True)
class Resemblance:
    """Why two names may be one, and how likely that is, in (0, 1]."""

    reason: Reason
    score: float


def resemblance(one: str, other: str) -> Resemblance | None:
    """What speaks for two names being one; None where nothing does. Symmetric."""
    left, right = canonical_key(one, person=True), canonical_key(other, person=True)
    short, long = sorted((left.split(), right.split()), key=lambda words: (len(words), words))
    if not short:
        return None
    if left == right or sorted(short) == sorted(long):
        return Resemblance("words", 1.0)
    if is_acronym_of(one, other) or is_acronym_of(other, one):
        return Resemblance("initials", 0.95)
    if _is_part(short, long):
        return Resemblance("part", 0.8 + 0.1 * len(short) / len(long))
    shared = _shared(_trigrams(left), _trigrams(right))
    return Resemblance("spelling", shared * 0.8) if shared >= MIN_SPELLING else None


def _is_part(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether a longer name begins or ends with the shorter one: "Merkel" of "Angela Merkel"."""
    size = len(short)
    whole = sum(map(len, short)) >= MIN_PART
    return whole and size < len(long) and (list(long[:size]) == list(short) or list(long[-size:]) == list(short))


def _trigrams(key: str) -> frozenset[str]:
    padded = f"  {key} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))


def _shared(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)
