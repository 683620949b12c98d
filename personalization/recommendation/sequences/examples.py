"""What the network learns from: visits as rows of a table of pages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .network import LENGTH, Ids

Windows = npt.NDArray[np.int32]
"""(windows, LENGTH + 1) rows of the vocabulary in the order of reading, -1 behind the last one."""


def vocabulary(sessions: Sequence[Sequence[int]], most: int) -> Ids:
    """The `most` read pages, ascending; of those read alike, the lower ids."""
    pages = np.fromiter((page for session in sessions for page in session), dtype=np.int64)
    ids, counts = np.unique(pages, return_counts=True)
    return np.sort(ids[np.lexsort((ids, -counts))[:most]])


def windows(sessions: Sequence[Sequence[int]], page_ids: Ids) -> Windows:
    """Each step from page to page once. Pages that are not of the vocabulary, or only loaded again, are passed over.

    Long visits are cut; a piece begins with the page that the one before ends with.
    """
    known = {page: row for row, page in enumerate(page_ids.tolist())}
    pieces: list[list[int]] = []
    for session in sessions:
        rows = [known[page] for page in session if page in known]
        steps = [row for place, row in enumerate(rows) if place == 0 or row != rows[place - 1]]
        pieces += [steps[start : start + LENGTH + 1] for start in range(0, len(steps) - 1, LENGTH)]
    table = np.full((len(pieces), LENGTH + 1), -1, dtype=np.int32)
    for number, piece in enumerate(pieces):
        table[number, : len(piece)] = piece
    return table


def step_counts(table: Windows, pages: int) -> npt.NDArray[np.int64]:
    """(pages,) how often each was the next one."""
    targets = table[:, 1:]
    return np.asarray(np.bincount(targets[targets >= 0], minlength=pages))
