"""Related pages, kept up: made anew for pages that changed and those around them. For workers; loads no model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from personalization.conf import related_strengths
from personalization.models import RelatedPages
from personalization.recommendation.related import SIGNALS, Related, Relations, distinct
from tagging import catalogue
from tagging.types import Catalogue, Shelf

KEPT = 200  # related pages of each page
NEARBY = 50  # of them, whose own lists may look different once the page has changed
AT_ONCE = 2000  # pages of one run, at most
NAMED = 2  # terms in common that are named
WRITE_BATCH = 100

State = RelatedPages.State


def mark_related(page_ids: Collection[int], state: int = State.CHANGED) -> None:
    """Have the related pages of these pages made anew. Pages that do not exist any more are passed over."""
    rows = [RelatedPages(page_id=page_id, state=state) for page_id in sorted(page_ids)]
    if state == State.CHANGED:
        RelatedPages.objects.bulk_create(rows, update_conflicts=True, unique_fields=["page"], update_fields=["state"])
    else:
        RelatedPages.objects.bulk_create(rows, ignore_conflicts=True)
        RelatedPages.objects.filter(pk__in=page_ids, state=State.FRESH).update(state=state)


def refresh_related(limit: int = AT_ONCE) -> int:
    """Make anew what waits for it, changed pages first, up to `limit`; returns how many were.

    What is around a changed page waits for the next run. A page that changes meanwhile waits again.
    """
    waiting = RelatedPages.objects.filter(state__gt=State.FRESH).order_by("-state", "page_id")
    states = dict(waiting.values_list("page_id", "state")[:limit])
    if not states:
        return 0
    RelatedPages.objects.filter(pk__in=states).update(state=State.FRESH)
    try:
        _refresh(states)
    except BaseException:
        mark_related(states)
        raise
    return len(states)


def mark_everything() -> None:
    """Have the related pages of every page made anew, one run after another."""
    for shelf in catalogue.shelves():
        mark_related(catalogue.page_ids(shelf), State.NEARBY)


def rebuild_related() -> Iterator[int]:
    """Make everything anew, site by site; yields the number of pages of each batch that is done."""
    page_ids: set[int] = set()
    for shelf in catalogue.shelves():
        content = catalogue.read(shelf)
        page_ids |= set(content.page_ids.tolist())
        yield from _write(content, np.arange(len(content.page_ids)))
    RelatedPages.objects.exclude(pk__in=page_ids).delete()


def _refresh(states: Mapping[int, int]) -> None:
    shelves = catalogue.shelf_of(states)
    RelatedPages.objects.filter(pk__in=states.keys() - shelves.keys()).delete()
    pages: dict[Shelf, list[int]] = defaultdict(list)
    for page_id, shelf in shelves.items():
        pages[shelf].append(page_id)
    for shelf, page_ids in pages.items():
        content = catalogue.read(shelf)
        for _done in _write(content, np.flatnonzero(np.isin(content.page_ids, page_ids))):
            pass
    _mark_nearby([page_id for page_id in shelves if states[page_id] == State.CHANGED])


def _mark_nearby(changed: Sequence[int]) -> None:
    lists = RelatedPages.objects.filter(pk__in=changed).values_list("items", flat=True)
    nearby = {item[0] for items in lists for item in items[:NEARBY]} - set(changed)
    if nearby:
        mark_related(catalogue.shelf_of(nearby).keys(), State.NEARBY)


def _write(content: Catalogue, rows: np.typing.NDArray[np.int64]) -> Iterator[int]:
    """Write the lists of these rows of a catalogue; yields the sizes of its batches."""
    relations = Relations(content, related_strengths())
    for start in range(0, len(rows), WRITE_BATCH):
        batch = rows[start : start + WRITE_BATCH]
        names = _Names(content, batch)
        found = {page_id: names.items(page_id, related) for page_id, related in relations.best(batch, KEPT)}
        _save(found)
        yield len(batch)


def _save(found: Mapping[int, list[Any]]) -> None:
    there = catalogue.shelf_of(found)  # a page may have been deleted meanwhile
    RelatedPages.objects.bulk_create(
        [
            RelatedPages(page_id=page_id, items=items, made_at=timezone.now())
            for page_id, items in found.items()
            if page_id in there
        ],
        update_conflicts=True,
        unique_fields=["page"],
        update_fields=["items", "made_at"],
    )


class _Names:
    """The words behind the columns of a batch of pages: what pages have in common is told in their own words."""

    def __init__(self, content: Catalogue, rows: Iterable[int]) -> None:
        terms, ids = content.terms, content.page_ids
        places = {int(ids[row]): slice(terms.starts[row], terms.starts[row + 1]) for row in rows}
        known = catalogue.term_names(places.keys())
        self._names = {
            page_id: dict(zip(terms.columns[place].tolist(), known.get(page_id, ()), strict=False))
            for page_id, place in places.items()
        }

    def items(self, page_id: int, related: Iterable[Related]) -> list[Any]:
        """As `RelatedPages.items` keeps them."""
        names = self._names[page_id]
        return [
            [
                one.page_id,
                round(one.score, 4),
                [one.parts[signal] for signal in SIGNALS],
                list(distinct([names[term] for term in one.terms if term in names], NAMED)),
                one.topic_id,
                one.entity_id,
            ]
            for one in related
        ]
