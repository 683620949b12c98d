"""Groups of pages that are alike, and the words that set a group apart."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .folding import fold

# Average-linkage clustering on cosine distances of centred vectors; the limit is where a reader still sees one
# subject (tried on docs/quality.md's pages with their largest topics taken away).
MAX_DISTANCE = 0.7
MOST_COMMON, LEAST_COMMON = 0.3, 0.3  # of all pages, at most, and of a group's pages, at least, have a term

_WORD = re.compile(r"([^\W\d_]{2,}(?:-[^\W\d_]+)*)(?:['’][^\W\d_]+)?")  # without 's and 're
_BREAK = re.compile(r"[.,;:!?()\[\]\"“”„«»|/\n]")

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Row numbers of pages that are alike, the most typical first; `coherence` is their mean cosine to the middle."""

    members: tuple[int, ...]
    coherence: float


def find_clusters(vectors: Array, min_size: int) -> list[Cluster]:
    """Group unit vectors (n, d), the largest group first. Most pages are in no group. Needs scikit-learn; O(n²)."""
    from sklearn.cluster import AgglomerativeClustering

    if len(vectors) < max(min_size, 2):
        return []
    model = AgglomerativeClustering(
        n_clusters=None, metric="cosine", linkage="average", distance_threshold=MAX_DISTANCE
    )
    labels = model.fit_predict(vectors)
    groups = (np.flatnonzero(labels == label) for label in range(labels.max() + 1))
    found = [_cluster(vectors, members) for members in groups if len(members) >= min_size]
    return sorted(found, key=lambda cluster: (-len(cluster.members), -cluster.coherence, cluster.members))


def distinctive_terms(
    texts: Sequence[str], groups: Sequence[Collection[int]], stop_words: Collection[str], n: int
) -> list[list[str]]:
    """For each group of texts the `n` words and pairs of words that set it apart from all texts, best first.

    Class-based TF-IDF: the share of the group's texts that have a term, times the logarithm of how rare it is.
    Terms are spelled as the texts spell them most often; no two of a group share a word.
    """
    stops = {word.casefold() for word in stop_words}
    spellings: dict[str, Counter[str]] = {}
    terms = [_terms(text, stops, spellings) for text in texts]
    everywhere = Counter(term for found in terms for term in found)
    return [
        _best(Counter(term for i in group for term in terms[i]), len(group), everywhere, len(texts), spellings, n)
        for group in groups
    ]


def _cluster(vectors: Array, members: npt.NDArray[np.intp]) -> Cluster:
    middle = vectors[members].mean(axis=0)
    cosines = vectors[members] @ (middle / (np.linalg.norm(middle) + 1e-9))
    order = np.argsort(-cosines, kind="stable")
    return Cluster(tuple(members[order].tolist()), float(np.clip(cosines.mean(), 0, 1)))


def _best(
    here: Counter[str], size: int, everywhere: Counter[str], total: int, spellings: dict[str, Counter[str]], n: int
) -> list[str]:
    def weight(term: str) -> float:
        # Two words say more than one, where they are as common.
        return here[term] / size * math.log(1 + total / everywhere[term]) * (1.25 if " " in term else 1.0)

    limit = max(MOST_COMMON * total, size)
    usual = [term for term, count in here.items() if count >= max(2, LEAST_COMMON * size) and everywhere[term] <= limit]
    best: list[str] = []
    used: set[str] = set()
    for term in sorted(usual, key=lambda term: (-weight(term), term)):
        words = set(term.split())
        if not words & used:
            best.append(spellings[term].most_common(1)[0][0])
            used |= words
        if len(best) == n:
            break
    return best


def _terms(text: str, stops: set[str], spellings: dict[str, Counter[str]]) -> set[str]:
    """The words and pairs of words of a text, folded; pairs do not cross punctuation or a stop word."""
    found = set()
    for key, spelled in _phrases(text, stops):
        found.add(key)
        spellings.setdefault(key, Counter())[spelled] += 1
    return found


def _phrases(text: str, stops: set[str]) -> Iterator[tuple[str, str]]:
    for part in _BREAK.split(text):
        before: tuple[str, str] | None = None
        for word in _WORD.findall(part):
            if word.casefold() in stops or len(word) < 3:
                before = None
                continue
            here = (_key(word), word)
            yield here
            if before and before[0] != here[0]:
                yield f"{before[0]} {here[0]}", f"{before[1]} {word}"
            before = here


@lru_cache(maxsize=50_000)
def _key(word: str) -> str:
    return fold(word).replace(" ", "")
