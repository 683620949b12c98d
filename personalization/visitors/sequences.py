"""Fits, where the site wants it, the network of what is read next: live only where it beats transitions."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, TypeVar

import numpy as np
from django.db import transaction
from django.utils.translation import gettext_noop as _

from personalization.conf import settings
from personalization.evaluation.log import Log
from personalization.evaluation.own.beside import Beside, beside_transitions
from personalization.evaluation.replay import Plan
from personalization.models import SequenceVersion, SessionRead, half_lives_in_force
from personalization.recommendation.sequences import Network

T = TypeVar("T")
Progress = Callable[[Iterable[T], str], Iterable[T]]
"""Goes through the steps that a name stands for, such as by a progress bar."""

LEAST_SESSIONS: Final = 1_000
"""Visits of two pages or more; of fewer there is nothing to learn."""

MOST_VIEWS: Final = 500_000
"""Of the newest."""

HELD_OUT: Final = 0.2
"""The newest part of the views is for measuring. What was measured goes live: it is not learned from after."""

REFRESH: Final = 60.0
"""So old, in seconds, are the transitions that it is measured beside: about as on the site itself."""

KEPT: Final = 10
"""So many fits are kept to look back at."""

_TORCH: Final = _("torch is missing in the worker: pip install 'wagtail-affinity[models]'.")
_TOO_FEW: Final = _(
    "There are too few visits to learn from: %(sessions)d of two pages or more, of the %(needed)d needed."
)
_NOTHING: Final = _("Of the newest visits none went on to another page, so that nothing can be measured.")
_NOT_BETTER: Final = _(
    "It is not surely better than the source “Opened next”, which only counts: on the newest %(views)d views it reached"
    " %(own).3f and that one %(other).3f (nDCG). The difference is between %(low)+.3f and %(high)+.3f with a"
    " probability of 95 %%; all of that has to be above 0."
)


def fit(progress: Progress[Any] = lambda steps, _name: steps) -> SequenceVersion | None:
    """Fit anew where SEQUENCES names a network, in place of what was; None, and nothing kept, where it does not."""
    if not settings.SEQUENCES:
        SequenceVersion.objects.all().delete()
        return None
    version = _fitted(progress)
    with transaction.atomic():
        version.save()
        SequenceVersion.objects.exclude(pk=version.pk).update(arrays=b"")
        kept = SequenceVersion.objects.values_list("pk", flat=True)[:KEPT]
        SequenceVersion.objects.exclude(pk__in=list(kept)).delete()
    return version


def _fitted(progress: Progress[Any]) -> SequenceVersion:
    if find_spec("torch") is None:
        return _refused(_TORCH)
    log = reading_log(MOST_VIEWS)
    start = round((1.0 - HELD_OUT) * len(log))
    sessions = [pages for pages in visits(log, start) if len(set(pages)) > 1]
    if len(sessions) < LEAST_SESSIONS:
        return _refused(_TOO_FEW, sessions=len(sessions), needed=LEAST_SESSIONS)
    network = _learned(sessions, progress)
    plan = Plan(start, len(log), REFRESH)
    found = beside_transitions(log, plan, network, half_lives_in_force().pairs, progress(log.views(), "beside"))
    learned = {"sessions": len(sessions), "pages": len(network.page_ids), **_span(log, 0, start)}
    if found is None:
        return _refused(_NOTHING, learned)
    evaluation = {**_figures(found), **_span(log, start, len(log))}
    if found.difference.low <= 0.0:
        return _refused(_NOT_BETTER, learned, evaluation, **_figures(found))
    return SequenceVersion(arrays=_named(network, log).to_bytes(), learned_from=learned, evaluation=evaluation)


def _learned(sessions: list[list[int]], progress: Progress[Any]) -> Network:
    """By rows of the log's pages, and as it will be served: in half precision."""
    from personalization.recommendation.sequences.training import Options, fit

    return fit(sessions, Options(most_pages=settings.SEQUENCES_MAX_PAGES), progress).rounded()


def reading_log(most: int) -> Log:
    """The newest `most` views of those who agreed to statistics, in sessions; pages are numbered in order of id."""
    rows = SessionRead.objects.order_by("-at", "visitor_id", "page_id")
    values = rows.values_list("visitor_id", "session", "page_id", "at")[:most]
    visitors: dict[Any, int] = {}
    sessions: dict[Any, int] = {}
    whose, which, pages, times = array("i"), array("i"), array("q"), array("d")
    for visitor, session, page, at in values.iterator():
        whose.append(visitors.setdefault(visitor, len(visitors)))
        which.append(sessions.setdefault((visitor, session), len(sessions)))
        pages.append(page)
        times.append(at.timestamp())
    page_ids, numbers = np.unique(np.array(pages, dtype=np.int64)[::-1], return_inverse=True)
    return Log(
        np.array(whose, dtype=np.int32)[::-1],
        np.array(which, dtype=np.int32)[::-1],
        numbers.astype(np.int32),
        np.array(times)[::-1],
        tuple(map(str, page_ids.tolist())),
        {},
    )


def visits(log: Log, stop: int) -> list[list[int]]:
    """The pages of each session up to before row `stop`, in the order of reading."""
    order = np.argsort(log.sessions[:stop], kind="stable")
    rows = zip(log.sessions[order].tolist(), log.pages[order].tolist(), strict=True)
    return [[page for _session, page in own] for _session, own in groupby(rows, key=itemgetter(0))]


def _named(network: Network, log: Log) -> Network:
    """By the ids of pages, which are in the same order as the log's numbers."""
    from dataclasses import replace

    ids = np.array([int(name) for name in log.page_names], dtype=np.int64)
    return replace(network, page_ids=ids[network.page_ids])


def _refused(
    message: str, learned: Mapping[str, Any] | None = None, evaluation: Mapping[str, Any] | None = None, **params: Any
) -> SequenceVersion:
    return SequenceVersion(
        learned_from=dict(learned or {}),
        evaluation=dict(evaluation or {}),
        refusal={"message": message, "params": params},
    )


def _figures(found: Beside) -> dict[str, Any]:
    return {
        "own": found.own.mean,
        "other": found.other.mean,
        "difference": found.difference.mean,
        "low": found.difference.low,
        "high": found.difference.high,
        "views": found.views,
    }


def _span(log: Log, start: int, stop: int) -> dict[str, str]:
    since, until = (datetime.fromtimestamp(float(log.times[row]), UTC) for row in (start, stop - 1))
    return {"since": since.isoformat(timespec="seconds"), "until": until.isoformat(timespec="seconds")}
