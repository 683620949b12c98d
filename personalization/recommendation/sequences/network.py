"""The network as arrays: what a web process needs of it is numpy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from io import BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

LENGTH: Final = 10
"""The last so many pages of a visit are looked at."""

MOST_PAGES: Final = 50_000
"""With more of them a network might take more than 50 MB in a web process."""


@dataclass(frozen=True, slots=True)
class Network:
    """A gated recurrent unit (Cho et al., 2014) over the pages of a visit, in the form that torch gives it.

    `page_ids` (pages,) ascending. `pages` (pages, size) is what each stands for, whether it was read or comes next;
    `bias` (pages,) how much each is read anyway. `inward` and `recurrent` (3 size, size), with their biases, are the
    gates "reset" and "update" and the new state. `onward` (size, 2 size) leads from the state and the last page to
    what is looked for.
    """

    page_ids: Ids
    pages: Numbers
    bias: Numbers
    inward: Numbers
    inward_bias: Numbers
    recurrent: Numbers
    recurrent_bias: Numbers
    onward: Numbers

    def known(self, history: Sequence[int]) -> list[int]:
        """The pages of a visit that the network has learned of, in their order."""
        rows = np.searchsorted(self.page_ids, history)
        found = np.minimum(rows, len(self.page_ids) - 1)
        return [page for page, row in zip(history, found.tolist(), strict=True) if self.page_ids[row] == page]

    def best(self, history: Sequence[int], most: int, left_out: Collection[int] = ()) -> list[tuple[int, float]]:
        """The `most` likely next pages after `history` (oldest first) and how likely each is, in (0, 1]; best first.

        Pages that the network does not know are passed over; where it knows none, it says nothing.
        """
        known = self.known(history)[-LENGTH:]
        if not known:
            return []
        chances = _softmax(self.logits(np.searchsorted(self.page_ids, known)))
        wanted = min(most + len(left_out), len(chances))
        rows = np.argpartition(-chances, wanted - 1)[:wanted]
        rows = rows[np.lexsort((rows, -chances[rows]))]
        found = zip(self.page_ids[rows].tolist(), chances[rows].tolist(), strict=True)
        return [(page, chance) for page, chance in found if page not in left_out and chance > 0.0][:most]

    def logits(self, rows: npt.NDArray[np.integer]) -> Numbers:
        """(pages,) log-odds of what comes after the pages of these rows, up to a constant; at least one row."""
        state = np.zeros(self.pages.shape[1], dtype=np.float32)
        inward = self.pages[rows] @ self.inward.T + self.inward_bias
        for step in inward:
            state = self._next(state, step)
        wanted = self.onward @ np.concatenate([state, self.pages[rows[-1]]])
        logits: Numbers = self.pages @ wanted + self.bias
        return logits

    def _next(self, state: Numbers, inward: Numbers) -> Numbers:
        size = len(state)
        recurrent = self.recurrent @ state + self.recurrent_bias
        reset, update = np.split(_sigmoid(inward[: 2 * size] + recurrent[: 2 * size]), 2)
        new = np.tanh(inward[2 * size :] + reset * recurrent[2 * size :])
        following: Numbers = new + update * (state - new)
        return following

    def to_bytes(self) -> bytes:
        """As numpy's own file format, in half precision, without pickles."""
        arrays = {one.name: getattr(self, one.name) for one in fields(self)}
        halved = {name: array if name == "page_ids" else array.astype(np.float16) for name, array in arrays.items()}
        buffer = BytesIO()
        np.savez(buffer, **halved)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Network:
        """What `to_bytes` wrote, in single precision again: half would be slow to multiply."""
        with np.load(BytesIO(data), allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        return cls(**{name: one if name == "page_ids" else one.astype(np.float32) for name, one in arrays.items()})

    def rounded(self) -> Network:
        """As it comes back from where it is kept."""
        return self.from_bytes(self.to_bytes())

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return sum(int(getattr(self, one.name).nbytes) for one in fields(self))


def _sigmoid(values: Numbers) -> Numbers:
    # By tanh, since exp overflows far from 0.
    squashed: Numbers = np.float32(0.5) * (np.tanh(np.float32(0.5) * values) + np.float32(1.0))
    return squashed


def _softmax(logits: Numbers) -> Numbers:
    raised = np.exp(logits - logits.max())
    chances: Numbers = raised / raised.sum()
    return chances
