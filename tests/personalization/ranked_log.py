"""Served lists of a site whose readers' taste is known: what a learned ranker ought to find."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
from django.utils import timezone

from personalization.models import Event, ServedSlate, Visitor
from personalization.recommendation.circumstances import Circumstances
from personalization.recommendation.logged import LoggedSlate
from personalization.recommendation.proposals import Proposals
from personalization.types import Candidate

DAY = 86400.0
SHOWN = 4
SEEN_AT = np.array([1.0, 0.7, 0.5, 0.35])
SOURCES = ("recent", "similar", "trending")

Taste = Callable[[np.ndarray, Circumstances], np.ndarray]
"""From z of the sources' scores, (pages, sources), to the log-odds of a click on what was looked at."""


def liking(**weights: float) -> Taste:
    """Readers who go by these sources alone."""
    return lambda z, circumstances: -2.0 + z @ np.array([weights.get(source, 0.0) for source in SOURCES])


def make_slates(taste: Taste, n: int = 1500, days: int = 10, pages: int = 12, seed: int = 0) -> list[LoggedSlate]:
    """`n` lists over so many days, ranked by the plain sum of the sources, clicked by taste and place."""
    rng = np.random.default_rng(seed)
    return [_slate(rng, taste, number * days * DAY / n, pages, reader=number % (n // 3)) for number in range(n)]


def store_slates(slates: Sequence[LoggedSlate], page_ids: Sequence[int], placement: str = "sidebar") -> None:
    """As if these lists had been served, the last one just now, with pages 1, 2, … being `page_ids`."""
    until, now = max(slate.at for slate in slates), timezone.now()
    readers = [Visitor() for _reader in range(1 + max(slate.reader for slate in slates))]
    Visitor.objects.bulk_create(readers)
    rows, events = [], []
    for slate in slates:
        at = now - timedelta(seconds=until - slate.at)
        signals = replace(slate.signals, page_ids=tuple(page_ids[page - 1] for page in slate.signals.page_ids))
        row = ServedSlate(
            visitor=readers[slate.reader],
            placement=placement,
            items=[[page_id, 0.5, {"similar": 1.0}] for page_id in signals.page_ids[: slate.shown]],
            context=slate.circumstances.to_json(),
            features={**signals.to_json(), "blend": slate.blend.tolist()},
            served_at=at,
        )
        rows.append(row)
        for place, (page_id, is_clicked) in enumerate(zip(signals.page_ids, slate.clicked, strict=False)):
            for kind in ("impression", "click") if is_clicked else ("impression",):
                shared = {"page_id": page_id, "slate_id": row.pk, "placement": placement, "at": at}
                events.append(
                    Event(event_id=uuid.uuid4(), visitor=row.visitor, kind=kind, position=place + 1, **shared)
                )
    moments = [row.served_at for row in rows]
    ServedSlate.objects.bulk_create(rows)
    for row, moment in zip(rows, moments, strict=True):
        row.served_at = moment  # the column is dated by itself
    ServedSlate.objects.bulk_update(rows, ["served_at"], batch_size=500)
    Event.objects.bulk_create(events)


def _slate(rng: np.random.Generator, taste: Taste, at: float, pages: int, reader: int) -> LoggedSlate:
    raw = rng.gamma(2.0, 1.0, (pages, len(SOURCES)))
    circumstances = Circumstances(
        referrer=("search", "direct")[int(rng.integers(2))], device="mobile", locale="en", placement="sidebar"
    )
    z = (raw - raw.mean(axis=0)) / raw.std(axis=0)
    blend = z.sum(axis=1)
    order = np.argsort(-blend)
    candidates = [
        Candidate(int(page) + 1, float(raw[page, column]), source)
        for page in range(pages)
        for column, source in enumerate(SOURCES)
    ]
    chance = SEEN_AT / (1.0 + np.exp(-taste(z, circumstances)[order[:SHOWN]]))
    return LoggedSlate(
        at=at,
        reader=reader,
        circumstances=circumstances,
        signals=Proposals.of(candidates).signals.only([int(page) + 1 for page in order]),
        blend=blend[order],
        places=np.arange(SHOWN),
        seen=np.ones(SHOWN, dtype=bool),
        clicked=rng.random(SHOWN) < chance,
        propensities=np.ones(SHOWN),
    )
