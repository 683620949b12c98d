"""Copies, translations and aliases of pages begin with what editors decided on their sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import swapper

from tagging.models import Suggestion

State = Suggestion.State


def copy_decisions(source_id: int, target_id: int) -> int:
    """Give a copy or a translation of a page the decisions that were made on it; returns how many.

    Copies have no logit: nobody decided a second time.
    """
    decided = Suggestion.objects.filter(page_id=source_id, state__in=[State.ACCEPTED, State.REJECTED])
    copies = [
        Suggestion(
            page_id=target_id,
            topic_id=row.topic_id,
            state=row.state,
            score=row.score,
            source=row.source,
            evidence=row.evidence,
            similar=row.similar,
            model=row.model,
            wrote_tag=row.wrote_tag,
            decided_by_id=row.decided_by_id,
            decided_at=row.decided_at,
        )
        for row in decided
    ]
    Suggestion.objects.bulk_create(copies, ignore_conflicts=True)
    return len(copies)


def copy_decisions_of_tree(source_id: int, target_id: int) -> int:
    """As `copy_decisions`, for the pages below the two as well: they were copied along. Returns how many."""
    page_model = swapper.load_model("wagtailcore", "Page")
    pages = page_model.objects.in_bulk([source_id, target_id])
    copies = dict(_below(pages[target_id]))
    # A copy has the slugs of its source, and nothing else stands below a page that was just made.
    along = [(pk, copies[place]) for place, pk in _below(pages[source_id]) if place in copies] if copies else []
    return sum(copy_decisions(*pair) for pair in [(source_id, target_id), *along])


def _below(page: Any) -> Iterator[tuple[str, int]]:
    """The path of slugs that leads to each page below a page, and the id of that page."""
    rows = page.get_descendants().order_by("path").values_list("url_path", "pk")
    return ((url_path.removeprefix(page.url_path), pk) for url_path, pk in rows)
