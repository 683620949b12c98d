"""What a ranker that learns sees of a list of candidates: a row of numbers a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from personalization.types import Candidate

from .proposals import Proposals
from .signals import Matrix, Row, Signals

LEAST_SHARE: Final = 1e-4
"""Added to a share before its logarithm: what is not proposed at all is not infinitely bad."""

LEAST_DEVIATION: Final = 1e-9
NOBODY: Final[Mapping[str, float]] = {}


@dataclass(frozen=True, slots=True)
class FeatureMatrix:
    """`values` is (pages, names), all finite; names are in alphabetical order."""

    page_ids: tuple[int, ...]
    names: tuple[str, ...]
    values: Matrix

    def weighted(self, weights: Row) -> Row:
        """The weighted sum of each page's features; `weights` has one a name. Equal rows have equal sums."""
        sums: Row = np.add.reduce(self.values.T * weights[:, None], axis=0)
        return sums


@dataclass(frozen=True, slots=True)
class ListFeatures:
    """A `FeatureMatrix` of one list, not written out: most features of a list are others times a constant.

    Feature i is row `origin[i]` of `base`, which is (rows, pages), times `factors[i]`. `sources` has what each row of
    `base` is of, "" for the row of ones.
    """

    page_ids: tuple[int, ...]
    names: tuple[str, ...]
    base: Matrix
    origin: npt.NDArray[np.intp]
    factors: Row
    sources: tuple[str, ...]

    @property
    def values(self) -> Matrix:
        """All of them: (pages, names)."""
        written: Matrix = self.base[self.origin] * self.factors[:, None]
        return written.T

    def weighted(self, weights: Row) -> Row:
        """As of a `FeatureMatrix`."""
        sums: Row = np.add.reduce(self.base * self.folded(weights)[:, None], axis=0)
        return sums

    def folded(self, weights: Row) -> Row:
        """What each row of `base` counts where each feature counts its weight."""
        return np.bincount(self.origin, weights * self.factors, len(self.base)).astype(np.float64, copy=False)


Features = FeatureMatrix | ListFeatures


def matrix(candidates: Iterable[Candidate], context: Mapping[str, float] = NOBODY) -> ListFeatures:
    """`features_of` the signals of these candidates; pages ascend by id."""
    return features_of(Proposals.of(candidates).signals, context)


def features_of(signals: Signals, context: Mapping[str, float] = NOBODY) -> ListFeatures:
    """Two numbers for each source's score and each of its signals, relative to the list.

    "source.z" is the score's z over the list and "source.share" is ln(its share of the list's sum + 1e-4); a signal
    has "source.signal.z" and "source.signal.share". `context` holds what is the same for the whole list, in [0, 1],
    such as {"referrer=search": 1}: each gives itself, and "name*source.share" for every source, so that a ranker may
    weigh sources otherwise where it holds. The one way from numbers to features, when pages are ranked and when
    rankers are fitted.
    """
    if not signals.page_ids:
        return ListFeatures((), (), np.zeros((1, 0)), np.zeros(0, dtype=np.intp), np.zeros(0), ("",))
    present = {name: value for name, value in context.items() if value}
    layout = _layout(signals.names, tuple(present))
    factors = np.array([*present.values(), 1.0])[layout.circumstance]
    return ListFeatures(signals.page_ids, layout.names, _base(signals), layout.origin, factors, layout.sources)


def is_circumstance(name: str) -> bool:
    """Whether a feature is the same for a whole list: it came from `context`, and is of no source."""
    return "=" in name and "*" not in name


def source_of(feature: str) -> str:
    """The source behind a feature: of "referrer=search*trending.share" it is "trending"."""
    return feature.rpartition("*")[2].partition(".")[0]


def z_scores(raw: Row, mean: float, deviation: float) -> Row:
    """How many deviations above the list's mean; a constant becomes 0."""
    return (raw - mean) / deviation if deviation > LEAST_DEVIATION else np.zeros_like(raw)


def _base(signals: Signals) -> Matrix:
    """Every signal's z, then every signal's share, then ones. Where nothing is above 0, all shares are alike."""
    raw, count = signals.raw.T, len(signals.names)
    base = np.ones((2 * count + 1, raw.shape[1]))
    z, share = base[:count], base[count:-1]
    is_telling = signals.deviations > LEAST_DEVIATION
    np.subtract(raw, signals.means[:, None], out=z)
    z *= np.divide(1.0, signals.deviations, out=np.zeros(count), where=is_telling)[:, None]
    np.divide(raw, np.where(signals.totals > 0.0, signals.totals, 1.0)[:, None], out=share)
    share += LEAST_SHARE
    np.log(share, out=share)
    return base


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which features lists with the same signals and the same circumstances have.

    `circumstance` says for each feature which circumstance it is multiplied by, the one behind the last for none.
    """

    names: tuple[str, ...]
    origin: npt.NDArray[np.intp]
    circumstance: npt.NDArray[np.intp]
    sources: tuple[str, ...]


@lru_cache(maxsize=512)
def _layout(signals: tuple[str, ...], context: tuple[str, ...]) -> _Layout:
    count, always = len(signals), len(context)
    found = {name: (2 * count, number) for number, name in enumerate(context)}
    for row, name in enumerate(signals):
        found[f"{name}.z"] = row, always
        found[f"{name}.share"] = count + row, always
        if "." not in name:
            found |= {f"{one}*{name}.share": (count + row, number) for number, one in enumerate(context)}
    names = tuple(sorted(found))
    pairs = np.array([found[name] for name in names], dtype=np.intp).reshape(len(names), 2)
    return _Layout(names, pairs[:, 0], pairs[:, 1], (*map(source_of, (*signals, *signals)), ""))
