"""What is read next after visits like this one, by a network that learned it. Off unless `SEQUENCES` names one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from personalization.conf import settings
from personalization.models import SequenceVersion
from personalization.recommendation.sequences import LENGTH, Network
from personalization.types import Candidate

from .base import CandidateSource, SourceRequest, register
from .journey import best_of, of_the_kind, pages_read

IN_SIGHT: Final = 200
"""So many of the likeliest pages are looked at: some are not of the locale or the types, or gone."""


@register
class SequencesSource(CandidateSource):
    """The likely next pages after those of this visit. Says nothing where no fit has beaten transitions.

    Score: the probability. Evidence: the page read last, of those that the network knows.
    """

    name = "sequences"

    def candidates(self, request: SourceRequest) -> list[Candidate]:
        history = pages_read(request.query, LENGTH) if settings.SEQUENCES else []
        network = live_network() if history else None
        known = network.known(history) if network else []
        if network is None or not known:
            return []
        left_out = request.exclude | set(history)
        found = network.best(known, IN_SIGHT, left_out)
        candidates = [Candidate(page_id, chance, self.name, {"page_id": known[-1]}) for page_id, chance in found]
        return best_of(of_the_kind(candidates, request), request)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The network of a version, until it is looked for again."""

    until: float = 0.0
    version: int | None = None
    network: Network | None = None


_kept = _Kept()


def live_network() -> Network | None:
    """That of the newest fit, where nothing refused it; at most CONFIG_CACHE_SECONDS old."""
    global _kept
    now = time.monotonic()
    if now >= _kept.until:
        _kept = _look(_kept, now + settings.CONFIG_CACHE_SECONDS)
    return _kept.network


def forget_live() -> None:
    """Look anew at the next list, in this process."""
    global _kept
    _kept = _Kept()


def _look(known: _Kept, until: float) -> _Kept:
    """A version never changes: one that is known already is not read again."""
    newest = SequenceVersion.objects.values_list("pk", "refusal").first()
    if newest is None or newest[1]:
        return _Kept(until)
    if newest[0] == known.version:
        return _Kept(until, known.version, known.network)
    arrays = SequenceVersion.objects.filter(pk=newest[0]).values_list("arrays", flat=True).first()
    return _Kept(until, newest[0], Network.from_bytes(bytes(arrays))) if arrays else _Kept(until)
