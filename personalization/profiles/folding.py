"""Exponentially decayed sums: a reading counts half as much after each half-life.

All sums are linear in the readings, w * 2^(-age / half-life) each, so that folding in pieces gives what folding
at once gives, and a late event adds exactly what it would have added in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from personalization.types import EventKind, ReadPage, Vector

from .weights import weight_of

Sum = npt.NDArray[np.float64]
_NEGLIGIBLE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """`half_life` of a reading, the `visit_gap` that starts a new visit, and how many pages `recent` holds."""

    half_life: timedelta = timedelta(days=14)
    visit_gap: timedelta = timedelta(minutes=30)
    recent_pages: int = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """One event and what its page is about: unit `vector` or None, `topics` with scores in [0, 1]."""

    page_id: int
    kind: EventKind
    at: datetime
    value: float | None = None
    vector: Vector | None = None
    topics: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything folded so far, decayed to `as_of`. Sums may be negative; `profile_state` makes sense of them.

    `mass` is the sum of the weights alone; `recent` is newest first, each page once.
    """

    vector_sum: Sum | None = None
    mass: float = 0.0
    topic_sums: Mapping[int, float] = field(default_factory=dict)
    recent: tuple[ReadPage, ...] = ()
    views: int = 0
    visits: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    as_of: datetime | None = None


def fold(tally: Tally, readings: Sequence[Reading], settings: FoldSettings) -> Tally:
    """The tally with these readings added, in whatever order they come."""
    if not readings:
        return tally
    ordered = sorted(readings, key=lambda reading: reading.at)
    latest = ordered[-1].at if tally.as_of is None else max(tally.as_of, ordered[-1].at)
    tally = _decay(tally, latest, settings.half_life)
    return _add(_see(tally, ordered, settings), ordered, latest, settings.half_life)


def with_vectors(tally: Tally, vectors: Mapping[int, Vector], half_life: timedelta) -> Tally:
    """The tally with its vector made anew from its recent pages, one view each; for a change of embedding model."""
    if tally.as_of is None:
        return tally
    readings = [
        Reading(page.page_id, "view", page.at, vector=vectors[page.page_id])
        for page in tally.recent
        if page.page_id in vectors
    ]
    anew = _add(Tally(as_of=tally.as_of), readings, tally.as_of, half_life)
    return replace(tally, vector_sum=anew.vector_sum)


def decay_factor(age: timedelta, half_life: timedelta) -> float:
    """2^(-age / half-life): 1 for what is new, 0.5 after one half-life."""
    return float(0.5 ** (age / half_life))


def _decay(tally: Tally, to: datetime, half_life: timedelta) -> Tally:
    if tally.as_of is None:
        return replace(tally, as_of=to)
    factor = decay_factor(to - tally.as_of, half_life)
    return replace(
        tally,
        vector_sum=None if tally.vector_sum is None else tally.vector_sum * factor,
        mass=tally.mass * factor,
        topic_sums={topic: value * factor for topic, value in tally.topic_sums.items()},
        as_of=to,
    )


def _add(tally: Tally, readings: Iterable[Reading], now: datetime, half_life: timedelta) -> Tally:
    vector_sum, mass, topic_sums = tally.vector_sum, tally.mass, dict(tally.topic_sums)
    for reading in readings:
        weight = weight_of(reading.kind, reading.value) * decay_factor(now - reading.at, half_life)
        mass += weight
        if reading.vector is not None:
            pull = weight * reading.vector.astype(np.float64)
            vector_sum = pull if vector_sum is None else vector_sum + pull
        # However many topics a page has, together they share what the page is worth.
        total = max(1.0, sum(reading.topics.values()))
        for topic, score in reading.topics.items():
            topic_sums[topic] = topic_sums.get(topic, 0.0) + weight * score / total
    kept = {topic: value for topic, value in topic_sums.items() if abs(value) > _NEGLIGIBLE}
    return replace(tally, vector_sum=vector_sum, mass=mass, topic_sums=kept)


def _see(tally: Tally, ordered: Sequence[Reading], settings: FoldSettings) -> Tally:
    """Count views and visits, and remember which pages were read when. An event that comes late starts no visit."""
    visits, last = tally.visits, tally.last_seen
    for reading in ordered:
        if last is None or reading.at - last > settings.visit_gap:
            visits += 1
        last = reading.at if last is None else max(last, reading.at)
    views = [ReadPage(reading.page_id, reading.at) for reading in ordered if reading.kind == "view"]
    first = ordered[0].at
    return replace(
        tally,
        recent=_newest([*tally.recent, *views], settings.recent_pages),
        views=tally.views + len(views),
        visits=visits,
        first_seen=first if tally.first_seen is None else min(tally.first_seen, first),
        last_seen=last,
    )


def _newest(pages: Sequence[ReadPage], limit: int) -> tuple[ReadPage, ...]:
    newest: dict[int, ReadPage] = {}
    for page in pages:
        if page.page_id not in newest or page.at > newest[page.page_id].at:
            newest[page.page_id] = page
    ordered = sorted(newest.values(), key=lambda page: (page.at, page.page_id), reverse=True)
    return tuple(ordered[:limit])
