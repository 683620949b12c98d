"""The words that tell one group of pages from another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from .words import forms, tokens

SHORTEST = 3  # letters
FEWEST = 2  # pages of the group that a term must be found on


def terms_of(title: str, names: Iterable[str] = ()) -> frozenset[str]:
    """What a page can be told by: the words of its title, in lower case, and the names on it as they are written."""
    words = {token.folded for token in tokens(title) if len(token.folded) >= SHORTEST and token.folded.isalpha()}
    return frozenset(words | set(names))


def distinctive_terms(
    group: Sequence[Collection[str]], others: Sequence[Collection[str]], n: int, *, without: str = ""
) -> tuple[str, ...]:
    """Up to `n` terms found on more pages of `group` than of `others`, by how unlikely that is; best first.

    Words of `without`, such as the topic's own name, are left out.
    """
    here, there = (Counter(term for page in pages for term in set(page)) for pages in (group, others))
    known = {form for token in tokens(without) for form in forms(token.folded)}
    scores = {
        term: _z_score(count, len(group), there[term], len(others))
        for term, count in here.items()
        if count >= FEWEST and count * len(others) > there[term] * len(group) and term.casefold() not in known
    }
    best = sorted(scores, key=lambda term: (-scores[term], term))
    return tuple(best[:n])


def _z_score(count: int, pages: int, other_count: int, other_pages: int) -> float:
    """Of the difference between two shares; both are drawn a little towards each other."""
    share, other = (count + 0.5) / (pages + 1), (other_count + 0.5) / (other_pages + 1)
    both = (count + other_count + 1) / (pages + other_pages + 2)
    return (share - other) / math.sqrt(both * (1 - both) * (1 / (pages + 1) + 1 / (other_pages + 1)))
