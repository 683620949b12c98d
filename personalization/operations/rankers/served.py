"""Served slates joined with what readers saw and clicked of them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import numpy as np

from personalization.models import Event, ServedSlate
from personalization.recommendation.circumstances import Circumstances
from personalization.recommendation.logged import LoggedSlate, Trial
from personalization.recommendation.signals import Signals

CHUNK: Final = 2000
MOST_LIKELY_TRIAL: Final = 0.5 - 1e-6
"""At most half of all lists try a new page, so that every other page keeps its place at least as often."""

Outcomes = dict[int, bool]
"""Ids of the pages of a slate that were seen, and whether they were clicked."""


def logged_slates(since: datetime, most: int, placements: Collection[str] = ()) -> list[LoggedSlate]:
    """The newest `most` slates since then of which something was seen, in order of time; of these placements, or all.

    Only those whose signals were kept: lists of the blend for visitors who agreed to be personalised for.
    """
    rows = ServedSlate.objects.filter(served_at__gte=since).exclude(features={})
    if placements:
        rows = rows.filter(placement__in=placements)
    names = placements or set(rows.order_by().values_list("placement", flat=True).distinct())
    outcomes = _outcomes(since, names)
    newest = rows.order_by("-served_at", "pk").defer("page_id", "ranker_version")
    readers: dict[uuid.UUID, int] = {}
    found: list[LoggedSlate] = []
    for row in newest.iterator(CHUNK):
        if (of_slate := outcomes.get(row.pk)) and len(found) < most:
            found.append(_logged(row, of_slate, readers.setdefault(row.visitor_id, len(readers))))
    return found[::-1]


def _outcomes(since: datetime, placements: Collection[str]) -> Mapping[uuid.UUID, Outcomes]:
    """By slate. By placement and kind, which the events have an index for."""
    kinds = (Event.Kind.IMPRESSION, Event.Kind.CLICK)
    events = Event.objects.filter(placement__in=placements, kind__in=kinds, at__gte=since, slate_id__isnull=False)
    found: dict[uuid.UUID, Outcomes] = defaultdict(dict)
    for slate_id, page_id, kind in events.values_list("slate_id", "page_id", "kind").iterator(CHUNK):
        of_slate = found[slate_id]  # type: ignore[index]  # the filter leaves out those without
        of_slate[page_id] = of_slate.get(page_id, False) or kind == Event.Kind.CLICK
    return found


def _logged(row: ServedSlate, outcomes: Outcomes, reader: int) -> LoggedSlate:
    signals = Signals.from_json(row.features)
    known = set(signals.page_ids)
    shown = [(place, page_id) for place, (page_id, *_rest) in enumerate(row.items) if page_id in known]
    page_ids = [page_id for _place, page_id in shown]
    propensities = row.propensities or [1.0] * len(row.items)
    drawn = tuple(place for place, chance in enumerate(propensities) if chance < 1.0)
    return LoggedSlate(
        at=row.served_at.timestamp(),
        reader=reader,
        circumstances=Circumstances.from_json(row.context, row.placement),
        signals=signals,
        blend=np.array(row.features["blend"], dtype=np.float64),
        places=np.array([place for place, _page_id in shown], dtype=np.int64),
        seen=np.array([page_id in outcomes for page_id in page_ids], dtype=bool),
        clicked=np.array([outcomes.get(page_id, False) for page_id in page_ids], dtype=bool),
        propensities=np.array([propensities[place] for place, _page_id in shown], dtype=np.float64),
        segments=frozenset(row.segments),
        exploration=_exploration(row, drawn),
        drawn=drawn,
        trial=_trial(row, outcomes, {page_id: number for number, page_id in enumerate(signals.page_ids)}),
    )


def _exploration(row: ServedSlate, drawn: tuple[int, ...]) -> float | None:
    """As the log says; in one of an earlier release by the pages that kept their places, where there is one."""
    if "exploration" in row.features:
        return float(row.features["exploration"])
    kept = max((row.propensities[place] for place in drawn), default=0.0)
    return len(drawn) * (1.0 - kept) if kept > MOST_LIKELY_TRIAL else None


def _trial(row: ServedSlate, outcomes: Outcomes, rows: Mapping[int, int]) -> Trial | None:
    """The page that is there by a chance smaller than any page has of keeping its place."""
    for place, chance in enumerate(row.propensities):
        if chance < MOST_LIKELY_TRIAL:
            page_id = row.items[place][0]
            return Trial(place, chance, outcomes.get(page_id, False), rows.get(page_id))
    return None
