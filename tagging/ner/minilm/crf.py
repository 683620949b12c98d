"""A linear-chain CRF at inference, in numpy: the best sequence of tags, and how sure each tag is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .labels import TAGS, may_follow

Floats = npt.NDArray[np.float32]
Lengths = npt.NDArray[np.int64]

_ILLEGAL = np.float32(-1e4)
_LEGAL = np.array([[may_follow(before, after) for after in TAGS] for before in TAGS])
_OPENS = np.where([may_follow("O", tag) for tag in TAGS], np.float32(0), _ILLEGAL)
_CLOSES = np.where([may_follow(tag, "O") for tag in TAGS], np.float32(0), _ILLEGAL)


def legal_transitions(transitions: Floats) -> Floats:
    """The transitions (tags, tags) with the illegal ones made impossible."""
    return np.where(_LEGAL, transitions, _ILLEGAL)


def marginals(scores: Floats, lengths: Lengths, transitions: Floats) -> Floats:
    """(batch, tokens, tags): the probability of each tag at each token, over all legal sequences.

    `scores` has the same shape, and holds every row's tokens first and padding after; what comes out
    in the padding means nothing.
    """
    steps = scores.shape[1]
    forward = np.empty_like(scores)
    forward[:, 0] = scores[:, 0] + _OPENS
    for step in range(1, steps):
        forward[:, step] = _log_sum_exp(forward[:, step - 1, :, None] + transitions, axis=1) + scores[:, step]
    backward = np.empty_like(scores)
    backward[:, steps - 1] = _CLOSES
    for step in range(steps - 2, -1, -1):
        after = (scores[:, step + 1] + backward[:, step + 1])[:, None, :]
        is_last = (step + 1 >= lengths)[:, None]
        backward[:, step] = np.where(is_last, _CLOSES, _log_sum_exp(after + transitions, axis=2))
    joint = forward + backward
    weights = np.exp(joint - joint.max(axis=2, keepdims=True))
    normalized: Floats = weights / weights.sum(axis=2, keepdims=True)
    return normalized


def best_tags(scores: Floats, lengths: Lengths, transitions: Floats) -> list[list[int]]:
    """The best legal sequence of tags (Viterbi) for each row; shapes as in `marginals`."""
    best = scores[:, 0] + _OPENS
    before = np.zeros(scores.shape, dtype=np.int8)
    for step in range(1, scores.shape[1]):
        moved = best[:, :, None] + transitions
        before[:, step] = moved.argmax(axis=1)
        best = np.where((step < lengths)[:, None], moved.max(axis=1) + scores[:, step], best)
    last = (best + _CLOSES).argmax(axis=1).tolist()
    return [
        _back(rows[:length].tolist(), tag) for rows, length, tag in zip(before, lengths.tolist(), last, strict=True)
    ]


def _back(before: list[list[int]], last: int) -> list[int]:
    """The tags that lead to the last one; `before[step][tag]` is the best tag before a tag."""
    tags = [last]
    for row in before[:0:-1]:
        tags.append(row[tags[-1]])
    return tags[::-1]


def _log_sum_exp(values: Floats, axis: int) -> Floats:
    top = values.max(axis=axis, keepdims=True)
    summed: Floats = np.log(np.exp(values - top).sum(axis=axis)) + top.squeeze(axis)
    return summed
