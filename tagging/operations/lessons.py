"""What editors decided so far, as the matcher learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

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
    """Editors' decisions on pages that have a vector of this model; None where there are none.

    Two queries; the same object, so that nobody learns from it twice, until a decision or a page's text changes.
    """
    wanted = [topic.pk for topic in topics]
    newest = decided().filter(topic_id__in=wanted).order_by("-decided_at", "pk")
    votes = tuple(newest.values_list("page_id", "topic_id", "state", "decided_at")[:NEWEST])
    pages = PageVector.objects.filter(page_id__in={page_id for page_id, *_rest in votes}, model=model)
    contents = tuple(pages.order_by("page_id").values_list("pk", "content_hash"))
    return _gathered(tuple(wanted), votes, contents) if contents else None


@lru_cache(maxsize=1)
def _gathered(topic_ids: tuple[int, ...], decided: tuple[Any, ...], contents: tuple[Any, ...]) -> Decisions:
    """The decisions on the pages of these vectors (id and content hash), newest first."""
    pages = PageVector.objects.filter(pk__in=[pk for pk, _hash in contents]).order_by("page_id")
    found = list(pages.values_list("page_id", "embedding", "page__tagging_analysis__words"))
    rows = {page_id: number for number, (page_id, *_rest) in enumerate(found)}
    columns = {topic_id: number for number, topic_id in enumerate(topic_ids)}
    votes = np.zeros((len(rows), len(columns)))
    ages = np.zeros(len(rows))
    now = timezone.now()
    for page_id, topic_id, state, decided_at in reversed(decided):  # the newest decision on a page gives its age
        if (row := rows.get(page_id)) is not None:
            votes[row, columns[topic_id]] = VOTES[state]
            ages[row] = max((now - decided_at).total_seconds() / SECONDS_A_DAY, 0.0)
    return Decisions(
        page_ids=tuple(rows),
        vectors=np.array([vector for _page, vector, _words in found], dtype=np.float32),
        votes=votes,
        age_days=ages,
        words=tuple(np.frombuffer(words or b"", dtype=np.uint32).reshape(-1, 2) for *_page, words in found),
    )
