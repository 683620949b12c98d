"""Exponentially decayed sums: a reading counts half as much after each half-life.

All sums are linear in the readings, w * 2^(-age / half-life) each, so that folding in pieces gives what folding
at once gives, and a late event adds exactly what it would have added in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from personalization.types import EventKind, ReadPage, Vector

from .weights import attention_of, weight_of

Sum = npt.NDArray[np.float64]
Key = TypeVar("Key", int, str)

LONGEST: Final = 300
"""So many topics, entities or sections are remembered at most."""

_NEGLIGIBLE: Final = 1e-9
_SHOWN: Final[Mapping[str, float]] = {"impression": 1.0, "click": -1.0}


@dataclass(frozen=True, slots=True)
class FoldSettings:
    """`half_life` of a reading, the `visit_gap` that starts a new visit, and how many pages `recent` holds."""

    half_life: timedelta = timedelta(days=14)
    visit_gap: timedelta = timedelta(minutes=30)
    recent_pages: int = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """One event and what its page is about.

    Unit `vector` or None; `topics` and `entities` by id, with scores in [0, 1]; `sections` are the ids of the
    pages above it. `at` is in the site's time zone, which says at what hour of the day it was.
    """

    page_id: int
    kind: EventKind
    at: datetime
    value: float | None = None
    vector: Vector | None = None
    topics: Mapping[int, float] = field(default_factory=dict)
    entities: Mapping[int, float] = field(default_factory=dict)
    sections: Sequence[int] = ()
    device: str = ""


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything folded so far, decayed to `as_of`. Sums may be negative; `profile_state` makes sense of them.

    `shown_sum` and `shown` are of what was shown to the visitor on a list and not clicked: an impression adds its
    page, a click takes one back. `mass` is the sum of the weights alone, `read` that of the views, `attention` that of
    whole readings and `returns` that of the visits. `recent` is newest first, each page once.
    """

    vector_sum: Sum | None = None
    shown_sum: Sum | None = None
    shown: float = 0.0
    mass: float = 0.0
    topic_sums: Mapping[int, float] = field(default_factory=dict)
    entity_sums: Mapping[int, float] = field(default_factory=dict)
    section_sums: Mapping[int, float] = field(default_factory=dict)
    device_sums: Mapping[str, float] = field(default_factory=dict)
    hour_sums: Mapping[int, float] = field(default_factory=dict)
    read: float = 0.0
    attention: float = 0.0
    returns: float = 0.0
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
    moments = [reading.at for reading in readings]
    latest = max(moments if tally.as_of is None else [tally.as_of, *moments])
    tally = _show(_decay(tally, latest, settings.half_life), readings, latest, settings.half_life)
    # What the site showed says nothing of when somebody was there, or is interested.
    ordered = sorted((reading for reading in readings if reading.kind != "impression"), key=lambda reading: reading.at)
    if not ordered:
        return tally
    tally = _see(tally, ordered, latest, settings)
    tally = _count(tally, [reading for reading in ordered if reading.kind == "view"], latest, settings.half_life)
    return _add(tally, ordered, latest, settings.half_life)


def merge(one: Tally, other: Tally, settings: FoldSettings) -> Tally:
    """The tally of two visitors who turn out to be one: what folding all events of both would have made.

    In whichever order. Only a visit in which both had a part counts twice: sums don't tell when visits were.
    """
    if one.as_of is None or other.as_of is None:
        return other if one.as_of is None else one
    latest = max(one.as_of, other.as_of)
    one, other = _decay(one, latest, settings.half_life), _decay(other, latest, settings.half_life)
    return Tally(
        vector_sum=_sum(one.vector_sum, other.vector_sum),
        shown_sum=_sum(one.shown_sum, other.shown_sum),
        shown=one.shown + other.shown,
        mass=one.mass + other.mass,
        topic_sums=_kept(_added(one.topic_sums, other.topic_sums)),
        entity_sums=_kept(_added(one.entity_sums, other.entity_sums)),
        section_sums=_kept(_added(one.section_sums, other.section_sums)),
        device_sums=_added(one.device_sums, other.device_sums),
        hour_sums=_added(one.hour_sums, other.hour_sums),
        read=one.read + other.read,
        attention=one.attention + other.attention,
        returns=one.returns + other.returns,
        recent=_newest([*one.recent, *other.recent], settings.recent_pages),
        views=one.views + other.views,
        visits=one.visits + other.visits,
        first_seen=min(_moments(one.first_seen, other.first_seen), default=None),
        last_seen=max(_moments(one.last_seen, other.last_seen), default=None),
        as_of=latest,
    )


def with_vectors(tally: Tally, vectors: Mapping[int, Vector], half_life: timedelta) -> Tally:
    """The tally with its vector made anew from its recent pages, one view each; for a change of embedding model.

    What was shown is not remembered page by page: that begins anew.
    """
    if tally.as_of is None:
        return tally
    readings = [
        Reading(page.page_id, "view", page.at, vector=vectors[page.page_id])
        for page in tally.recent
        if page.page_id in vectors
    ]
    anew = _add(Tally(as_of=tally.as_of), readings, tally.as_of, half_life)
    return replace(tally, vector_sum=anew.vector_sum, shown_sum=None, shown=0.0)


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
        shown_sum=None if tally.shown_sum is None else tally.shown_sum * factor,
        shown=tally.shown * factor,
        mass=tally.mass * factor,
        topic_sums=_scaled(tally.topic_sums, factor),
        entity_sums=_scaled(tally.entity_sums, factor),
        section_sums=_scaled(tally.section_sums, factor),
        device_sums=_scaled(tally.device_sums, factor),
        hour_sums=_scaled(tally.hour_sums, factor),
        read=tally.read * factor,
        attention=tally.attention * factor,
        returns=tally.returns * factor,
        as_of=to,
    )


def _scaled(sums: Mapping[Key, float], factor: float) -> dict[Key, float]:
    return {key: value * factor for key, value in sums.items()}


def _added(one: Mapping[Key, float], other: Mapping[Key, float]) -> dict[Key, float]:
    sums = dict(one)
    for key, value in other.items():
        sums[key] = sums.get(key, 0.0) + value
    return sums


def _moments(*moments: datetime | None) -> list[datetime]:
    return [moment for moment in moments if moment is not None]


def _add(tally: Tally, readings: Iterable[Reading], now: datetime, half_life: timedelta) -> Tally:
    """Interests: what the readings were about, each weighed by what kind of event it was."""
    vector_sum, mass, attention = tally.vector_sum, tally.mass, tally.attention
    topic_sums, entity_sums = dict(tally.topic_sums), dict(tally.entity_sums)
    for reading in readings:
        decayed = decay_factor(now - reading.at, half_life)
        weight = weight_of(reading.kind, reading.value) * decayed
        mass += weight
        attention += attention_of(reading.kind, reading.value) * decayed
        if reading.vector is not None:
            pull = weight * reading.vector.astype(np.float64)
            vector_sum = pull if vector_sum is None else vector_sum + pull
        _share(topic_sums, reading.topics, weight)
        _share(entity_sums, reading.entities, weight)
    return replace(
        tally,
        vector_sum=vector_sum,
        mass=mass,
        attention=attention,
        topic_sums=_kept(topic_sums),
        entity_sums=_kept(entity_sums),
    )


def _show(tally: Tally, readings: Iterable[Reading], now: datetime, half_life: timedelta) -> Tally:
    """What was shown, less what was clicked, in whichever order both come."""
    shown_sum, shown = tally.shown_sum, tally.shown
    for reading in readings:
        if reading.vector is None or reading.kind not in _SHOWN:
            continue
        weight = _SHOWN[reading.kind] * decay_factor(now - reading.at, half_life)
        shown += weight
        shown_sum = _sum(shown_sum, weight * reading.vector.astype(np.float64))
    return replace(tally, shown_sum=shown_sum, shown=shown)


def _sum(one: Sum | None, other: Sum | None) -> Sum | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _share(sums: dict[int, float], scores: Mapping[int, float], weight: float) -> None:
    """However many topics a page has, together they share what the page is worth."""
    total = max(1.0, sum(scores.values()))
    for key, score in scores.items():
        sums[key] = sums.get(key, 0.0) + weight * score / total


def _kept(sums: Mapping[int, float]) -> dict[int, float]:
    """Without what has faded, and of very many the strongest: a profile stays small."""
    kept = {key: value for key, value in sums.items() if abs(value) > _NEGLIGIBLE}
    if len(kept) <= LONGEST:
        return kept
    return dict(sorted(kept.items(), key=lambda item: -abs(item[1]))[:LONGEST])


def _count(tally: Tally, views: Sequence[Reading], now: datetime, half_life: timedelta) -> Tally:
    """Habits: where, on what and at which hour pages were read. A view is a view, whatever it is about."""
    sections, devices, hours = dict(tally.section_sums), dict(tally.device_sums), dict(tally.hour_sums)
    read = tally.read
    for view in views:
        decayed = decay_factor(now - view.at, half_life)
        read += decayed
        hours[view.at.hour] = hours.get(view.at.hour, 0.0) + decayed
        if view.device:
            devices[view.device] = devices.get(view.device, 0.0) + decayed
        for section in view.sections:
            sections[section] = sections.get(section, 0.0) + decayed
    return replace(tally, read=read, section_sums=_kept(sections), device_sums=devices, hour_sums=hours)


def _see(tally: Tally, ordered: Sequence[Reading], now: datetime, settings: FoldSettings) -> Tally:
    """Count views and visits, and remember which pages were read when. An event that comes late starts no visit."""
    visits, returns, last = tally.visits, tally.returns, tally.last_seen
    for reading in ordered:
        if last is None or reading.at - last > settings.visit_gap:
            visits += 1
            returns += decay_factor(now - reading.at, settings.half_life)
        last = reading.at if last is None else max(last, reading.at)
    views = [ReadPage(reading.page_id, reading.at) for reading in ordered if reading.kind == "view"]
    first = ordered[0].at
    return replace(
        tally,
        recent=_newest([*tally.recent, *views], settings.recent_pages),
        views=tally.views + len(views),
        visits=visits,
        returns=returns,
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
