"""The words that tell one group of pages from another."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from .words import forms, tokens

SHORTEST = 4  # letters
FEWEST = 2  # pages of the group that a term must be found on
CLEAR = 1.5  # standard deviations by which its shares must differ


def terms_of(title: str, names: Iterable[str] = ()) -> frozenset[str]:
    """What a page can be told by: the words of its title, in lower case, and the names on it as they are written."""
    words = {token.folded for token in tokens(title) if len(token.folded) >= SHORTEST and token.folded.isalpha()}
    return frozenset(words | set(names))


def distinctive_terms(
    group: Sequence[Collection[str]], others: Sequence[Collection[str]], n: int, *, without: str = ""
) -> tuple[str, ...]:
    """Up to `n` terms found on clearly more pages of `group` than of `others`, the clearest first.

    Words of `without`, such as the topic's own name, are left out.
    """
    here, there = (Counter(term for page in pages for term in set(page)) for pages in (group, others))
    known = {form for token in tokens(without) for form in forms(token.folded)}
    scores = {term: _z_score(count, len(group), there[term], len(others)) for term, count in here.items()}
    clear = [
        term
        for term, score in scores.items()
        if score >= CLEAR and here[term] >= FEWEST and term.casefold() not in known
    ]
    return tuple(sorted(clear, key=lambda term: (-scores[term], term))[:n])


def _z_score(count: int, pages: int, other_count: int, other_pages: int) -> float:
    """Of the difference between two shares; both are drawn a little towards each other."""
    share, other = (count + 0.5) / (pages + 1), (other_count + 0.5) / (other_pages + 1)
    both = (count + other_count + 1) / (pages + other_pages + 2)
    return (share - other) / math.sqrt(both * (1 - both) * (1 / (pages + 1) + 1 / (other_pages + 1)))
