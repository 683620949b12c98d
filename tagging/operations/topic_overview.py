"""What is known of one topic: its pages, how often editors agree with it, and how it changes. Safe in a web process."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncMonth

from tagging.evaluation.share import Share
from tagging.models import PageVector, Suggestion, Topic
from tagging.topics.drift import Drift, drift
from tagging.topics.terms import distinctive_terms, terms_of

from .storage import open_state

State = Suggestion.State
TAGGED = (State.APPLIED, State.ACCEPTED)
DECIDED = (State.ACCEPTED, State.REJECTED)
FEWEST_DECISIONS = 10  # that a share of its own is shown for
DRIFT_PAGES = 500  # the newest ones
TERMS = 5
MOST_BARS = 18


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many pages have the topic in this state: the topic itself, and it or one below it."""

    state: State
    own: int
    with_below: int


@dataclass(frozen=True, slots=True)
class Precision:
    """How often editors kept what the machine found: of all decisions, and of those it was sure or unsure of.

    A topic that an editor added does not count: the machine said nothing.
    """

    overall: Share
    applied: Share
    suggested: Share


@dataclass(frozen=True, slots=True)
class Period:
    """A month, a quarter or a year: pages published in it that have the topic, and decisions made in it."""

    start: date
    months: int
    pages: int
    decisions: Share


@dataclass(frozen=True, slots=True)
class TopicDrift:
    """How the accepted pages moved; terms are words and tell the newer pages, or the older ones, from the rest."""

    drift: Drift
    pages: int
    since: date | None
    newer_terms: tuple[str, ...]
    older_terms: tuple[str, ...]


def state_counts(topic: Topic) -> list[StateCount]:
    """The pages of a topic by state. One query."""
    counts: dict[str, Count] = {}
    for state in State.values:
        counts[state] = Count("page", filter=Q(state=state, topic=topic))
        counts[f"{state}_below"] = Count("page", filter=Q(state=state), distinct=True)
    found = Suggestion.objects.filter(topic__path__startswith=topic.path).aggregate(**counts)
    order = (State.ACCEPTED, State.APPLIED, State.SUGGESTED, State.REJECTED)
    return [StateCount(state, found[state], found[f"{state}_below"]) for state in order]


def precision(topic: Topic) -> Precision:
    """What editors decided on the machine's findings. One query."""
    found: Counter[tuple[str, bool]] = Counter()
    for state, score in _machine_decisions(topic).values_list("state", "score"):
        found[open_state(score), state == State.ACCEPTED] += 1
    applied, suggested = (
        Share(found[at, True], found[at, True] + found[at, False]) for at in (State.APPLIED, State.SUGGESTED)
    )
    overall = Share(applied.kept + suggested.kept, applied.decided + suggested.decided)
    return Precision(overall, applied, suggested)


def history(topic: Topic) -> list[Period]:
    """The topic from its first page to today's, in months, quarters or years: at most MOST_BARS where that is possible.

    Two queries. [] where no published page has it.
    """
    published = (
        topic.suggestions.filter(state__in=TAGGED, page__first_published_at__isnull=False)
        .values_list(TruncMonth("page__first_published_at"))
        .annotate(n=Count("pk"))
        .order_by()
    )
    pages = Counter({_month(start): count for start, count in published})
    decided: Counter[tuple[int, bool]] = Counter()
    rows = _machine_decisions(topic).filter(decided_at__isnull=False).values_list(TruncMonth("decided_at"), "state")
    for start, state, count in rows.annotate(n=Count("pk")).order_by():
        decided[_month(start), state == State.ACCEPTED] += count
    known = {*pages, *(month for month, _kept in decided)}
    if not known:
        return []
    size = _period_size(min(known), max(known))
    first, last = min(known) // size, max(known) // size
    return [_period(number * size, size, pages, decided) for number in range(first, last + 1)]


def topic_drift(topic: Topic) -> TopicDrift | None:
    """How the newest accepted pages differ from older ones; None while there are too few. One query."""
    rows = list(
        PageVector.objects.filter(
            model__is_live=True,
            page__tagging_suggestions__topic=topic,
            page__tagging_suggestions__state=State.ACCEPTED,
        )
        .order_by(F("first_published_at").desc(nulls_last=True), "-page_id")
        .values_list("embedding", "page__title", "first_published_at")[:DRIFT_PAGES]
    )
    found = drift(np.array([embedding for embedding, *_rest in rows], dtype=np.float32))
    if found is None:
        return None
    words = [terms_of(title) for _embedding, title, _published in rows]
    newer, older = words[: found.newer], words[found.newer :]
    since = rows[found.newer - 1][2]
    return TopicDrift(
        found,
        len(rows),
        since.date() if since else None,
        distinctive_terms(newer, older, TERMS, without=topic.name),
        distinctive_terms(older, newer, TERMS, without=topic.name),
    )


def _machine_decisions(topic: Topic) -> QuerySet[Suggestion]:
    rows = Suggestion.objects.filter(topic=topic, state__in=DECIDED)
    return rows.exclude(source=Suggestion.Source.EDITOR)


def _month(moment: date) -> int:
    """Months since the year 0."""
    return moment.year * 12 + moment.month - 1


def _period_size(first: int, last: int) -> int:
    """In months, so that the bars stay few."""
    return next((size for size in (1, 3) if last // size - first // size < MOST_BARS), 12)


def _period(start: int, size: int, pages: Counter[int], decided: Counter[tuple[int, bool]]) -> Period:
    months = range(start, start + size)
    kept, dropped = (sum(decided[month, is_kept] for month in months) for is_kept in (True, False))
    return Period(
        date(start // 12, start % 12 + 1, 1), size, sum(pages[month] for month in months), Share(kept, kept + dropped)
    )
