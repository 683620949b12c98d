"""What editors decided so far, as the matcher learns from it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from tagging.models import EmbeddingModel, PageVector, Suggestion, Topic
from tagging.types import Decisions

NEWEST = 20_000  # decisions that are learned from: older ones would hardly count
VOTES = {Suggestion.State.ACCEPTED: 1.0, Suggestion.State.REJECTED: -1.0}
SECONDS_A_DAY = 86_400.0


def decided() -> QuerySet[Suggestion]:
    """All that editors accepted or rejected, with when."""
    return Suggestion.objects.filter(state__in=VOTES, decided_at__isnull=False)


def decisions(topics: Sequence[Topic], model: EmbeddingModel) -> Decisions | None:
    """Editors' decisions on pages that have a vector of this model; None where there are none. Two queries."""
    columns = {topic.pk: number for number, topic in enumerate(topics)}
    newest = list(
        decided()
        .filter(topic_id__in=columns)
        .order_by("-decided_at")
        .values_list("page_id", "topic_id", "state", "decided_at")[:NEWEST]
    )
    pages = {page_id for page_id, *_rest in newest}
    vectors = dict(
        PageVector.objects.filter(page_id__in=pages, model=model)
        .order_by("page_id")
        .values_list("page_id", "embedding")
    )
    if not vectors:
        return None
    rows = {page_id: number for number, page_id in enumerate(vectors)}
    votes = np.zeros((len(rows), len(columns)))
    ages = np.zeros(len(rows))
    now = timezone.now()
    for page_id, topic_id, state, decided_at in reversed(newest):  # the newest decision on a page gives its age
        if decided_at and (row := rows.get(page_id)) is not None:
            votes[row, columns[topic_id]] = VOTES[Suggestion.State(state)]
            ages[row] = max((now - decided_at).total_seconds() / SECONDS_A_DAY, 0.0)
    return Decisions(tuple(rows), np.array(list(vectors.values()), dtype=np.float32), votes, ages)
