"""The terms of pages, written, and counted as they come and go: a few pages at once, rows locked in one order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from pgvector import SparseVector

from tagging.lexical import DIMENSIONS, MOST_TERMS, strongest
from tagging.models import PageTerms, TermCount
from tagging.types import Terms

COUNT = """
INSERT INTO tagging_termcount AS known (locale_id, term, pages)
SELECT %s, change.* FROM unnest(%s::integer[], %s::integer[]) AS change (term, pages) ORDER BY term
ON CONFLICT (locale_id, term) DO UPDATE SET pages = known.pages + excluded.pages
"""
KNOWN = "SELECT term, pages FROM tagging_termcount WHERE locale_id = %s AND term = ANY(%s)"

Columns = npt.NDArray[np.int64]
Change = tuple[int, Columns, int | Columns]
"""The id of a locale, terms, and how many pages more have each."""


def save_terms(found: Sequence[tuple[Any, Terms]]) -> None:
    """Write live pages' terms in place of those they had, and count the difference. Part of the caller's transaction.

    Of more than `MOST_TERMS`, the rarest and most said are kept.
    """
    known = PageTerms.objects.defer("names").in_bulk([page.pk for page, _terms in found])
    changes: list[Change] = [(row.locale_id, columns_of(row), -1) for row in known.values()]
    rows = []
    for page, terms in found:
        kept = _kept(terms, page.locale_id)
        new = kept.columns.astype(np.int64)
        changes.append((page.locale_id, new, +1))
        vector = SparseVector(dict(zip(new.tolist(), kept.weights.tolist(), strict=True)), DIMENSIONS)
        rows.append(PageTerms(page_id=page.pk, locale_id=page.locale_id, vector=vector, names="\n".join(kept.names)))
    _count(changes)
    PageTerms.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["page"], update_fields=["locale", "vector", "names"]
    )


def drop_terms(page_ids: Collection[int]) -> None:
    """Forget the terms of pages that are not live any more."""
    PageTerms.objects.filter(page_id__in=page_ids).delete()


def uncount_terms(row: PageTerms) -> None:
    """A page's terms are gone, with the page or without it: they are not counted any more."""
    _count([(row.locale_id, columns_of(row), -1)])


def with_terms(page_ids: Collection[int]) -> frozenset[int]:
    """Those of these pages whose terms are known."""
    return frozenset(PageTerms.objects.filter(page_id__in=page_ids).values_list("page_id", flat=True))


@transaction.atomic
def recount_terms() -> int:
    """Count the terms of all pages anew, for what no signal told of; returns how many counts were wrong."""
    PageTerms.objects.exclude(page__live=True).delete()
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE tagging_termcount IN SHARE ROW EXCLUSIVE MODE")
    wrong = sum(_put_right(locale_id, counts) for locale_id, counts in _counted().items())
    TermCount.objects.filter(pages__lte=0).delete()
    return wrong


def columns_of(row: PageTerms) -> Columns:
    """The hashes of a page's terms, rising."""
    return np.array(row.vector.indices(), dtype=np.int64)


def _kept(terms: Terms, locale_id: int) -> Terms:
    if len(terms.columns) <= MOST_TERMS:
        return terms
    with connection.cursor() as cursor:  # the ORM handles each of a thousand numbers by itself
        cursor.execute(KNOWN, [locale_id, terms.columns.tolist()])
        pages = dict(cursor.fetchall())
    counts = np.array([pages.get(column, 0) for column in terms.columns.tolist()], dtype=np.int64)
    return strongest(terms, counts, PageTerms.objects.filter(locale_id=locale_id).count())


def _count(changes: Iterable[Change]) -> None:
    """Add up, and write what is left: locales and terms rise, so that nobody waits in a ring."""
    of_locale: dict[int, list[tuple[Columns, Columns]]] = {}
    for locale_id, columns, change in changes:
        of_locale.setdefault(locale_id, []).append((columns, np.broadcast_to(change, columns.shape)))
    for locale_id, parts in sorted(of_locale.items()):
        columns, change = (np.concatenate(one) for one in zip(*parts, strict=True))
        terms, place = np.unique(columns, return_inverse=True)
        sums = np.bincount(place, change, len(terms)).astype(np.int64)
        if sums.any():
            with connection.cursor() as cursor:
                cursor.execute(COUNT, [locale_id, terms[sums != 0].tolist(), sums[sums != 0].tolist()])


def _counted() -> dict[int, Columns]:
    """Locale id → on how many pages each term is, by the pages' own rows."""
    locales = TermCount.objects.values_list("locale_id", flat=True).distinct()
    counts = {locale_id: np.zeros(DIMENSIONS, dtype=np.int64) for locale_id in locales}
    for row in PageTerms.objects.defer("names").iterator(chunk_size=500):
        counts.setdefault(row.locale_id, np.zeros(DIMENSIONS, dtype=np.int64))[columns_of(row)] += 1
    return counts


def _put_right(locale_id: int, counts: Columns) -> int:
    known = np.zeros_like(counts)
    for term, pages in TermCount.objects.filter(locale_id=locale_id).values_list("term", "pages").iterator():
        known[term] = pages
    wrong = np.flatnonzero(known != counts)
    _count([(locale_id, wrong, (counts - known)[wrong])])
    return len(wrong)
