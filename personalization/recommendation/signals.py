"""What sources say of a list of candidates, as raw numbers: what a served slate keeps, and features are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Row = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Signals:
    """`raw` is (pages, names). A signal is "source" for a source's score and "source.signal" for a number beside it.

    No number is below 0. `means`, `deviations` and `totals` are of the whole list, of which `page_ids` may be a part.
    A list that was just gathered keeps each signal's numbers side by side in memory (`raw.T` is contiguous): sums over
    a list then do not depend on which other signals there are, to the last bit.
    """

    page_ids: tuple[int, ...]
    names: tuple[str, ...]
    raw: Matrix
    means: Row
    deviations: Row
    totals: Row

    @classmethod
    def over(cls, page_ids: tuple[int, ...], names: tuple[str, ...], by_name: Matrix) -> Signals:
        """Of a whole list: `by_name` is (names, pages), nothing below 0."""
        if not page_ids:
            return cls(page_ids, names, by_name.T, np.zeros(len(names)), np.zeros(len(names)), np.zeros(len(names)))
        totals = np.add.reduce(by_name, axis=1)
        means = totals / len(page_ids)
        centred = by_name - means[:, None]
        deviations = np.sqrt(np.add.reduce(centred * centred, axis=1) / len(page_ids))
        return cls(page_ids, names, by_name.T, means, deviations, totals)

    def only(self, page_ids: Sequence[int]) -> Signals:
        """These pages in this order, still relative to the whole list. Pages that are not in it are left out."""
        rows = {page_id: row for row, page_id in enumerate(self.page_ids)}
        kept = [page_id for page_id in page_ids if page_id in rows]
        raw = self.raw[[rows[page_id] for page_id in kept]] if kept else self.raw[:0]
        return Signals(tuple(kept), self.names, raw, self.means, self.deviations, self.totals)

    def to_json(self) -> dict[str, Any]:
        """Plain lists; five digits of a number are enough to rank by."""
        return {
            "pages": list(self.page_ids),
            "names": list(self.names),
            "raw": [_short(row) for row in self.raw],
            "means": _short(self.means),
            "deviations": _short(self.deviations),
            "totals": _short(self.totals),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Signals:
        """What `to_json` wrote down."""
        names = tuple(stored["names"])
        return cls(
            page_ids=tuple(stored["pages"]),
            names=names,
            raw=np.array(stored["raw"], dtype=np.float64).reshape(len(stored["pages"]), len(names)),
            means=np.array(stored["means"], dtype=np.float64),
            deviations=np.array(stored["deviations"], dtype=np.float64),
            totals=np.array(stored["totals"], dtype=np.float64),
        )


def _short(numbers: Row) -> list[float]:
    return [float(f"{number:.5g}") for number in numbers.tolist()]
