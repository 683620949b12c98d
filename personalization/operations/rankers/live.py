"""The version that ranks now, kept in this process for a moment. numpy over plain numbers: nothing that a fit needs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from personalization.conf import settings
from personalization.models import Ranker, RankerVersion
from personalization.recommendation.learned import Model, model_from_json


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """A version's number and its model."""

    number: int
    model: Model


_kept: tuple[float, LiveVersion | None] = (0.0, None)
"""Until which monotonic time, and what."""


def live_version() -> LiveVersion | None:
    """What ranks blended placements, at most CONFIG_CACHE_SECONDS old; None: the weighted blend."""
    global _kept
    now = time.monotonic()
    if now >= _kept[0]:
        _kept = (now + settings.CONFIG_CACHE_SECONDS, _load(_kept[1]))
    return _kept[1]


def forget_live() -> None:
    """Look anew at the next list, in this process. Others notice when what they keep expires."""
    global _kept
    _kept = (0.0, None)


def _load(known: LiveVersion | None) -> LiveVersion | None:
    """What is known already is not read again: a version never changes."""
    if not settings.RANKER:
        return None
    number = Ranker.objects.values_list("current__number", flat=True).first()
    if number is None or (known and known.number == number):
        return known if number else None
    version = RankerVersion.objects.filter(number=number).only("parameters").first()
    return LiveVersion(number, model_from_json(version.parameters)) if version else None
