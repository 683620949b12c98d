"""Whole sites for workers: all that is known of the content of their pages, as arrays. Never for a page view.

With `index`, the door through which other apps see content analysis. No function loads a model, and none writes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

import numpy as np
import swapper
from django.db.models import BinaryField, F, Func

from tagging.index import TAGGED
from tagging.models import EmbeddingModel, PageEntity, PageTerms, PageVector, Suggestion
from tagging.text import extract, without_page_links
from tagging.types import Catalogue, Numbers, PageText, Shelf, SparseRows

DAY_SECONDS = 86400.0

Row = Mapping[int, float]


def shelves() -> list[Shelf]:
    """Every site and locale with pages that may be related to each other."""
    rows = PageVector.objects.filter(model__is_live=True, is_live=True, site__isnull=False)
    pairs = rows.order_by("site_id", "locale_id").values_list("site_id", "locale_id").distinct()
    return [Shelf(site_id, locale_id) for site_id, locale_id in pairs if site_id is not None]


def size() -> int:
    """How many pages there are on all shelves."""
    return PageVector.objects.filter(model__is_live=True, is_live=True, site__isnull=False).count()


def shelf_of(page_ids: Collection[int]) -> dict[int, Shelf]:
    """Page id → the site and locale of its live, analysed pages. All others are absent."""
    rows = PageVector.objects.filter(page_id__in=page_ids, model__is_live=True, is_live=True, site__isnull=False)
    return {
        page_id: Shelf(site_id, locale_id)
        for page_id, site_id, locale_id in rows.values_list("page_id", "site_id", "locale_id")
        if site_id is not None
    }


def page_ids(shelf: Shelf) -> list[int]:
    """The live, analysed pages of a site in a locale."""
    rows = PageVector.objects.filter(model__is_live=True, is_live=True, site_id=shelf.site_id)
    return list(rows.filter(locale_id=shelf.locale_id).values_list("page_id", flat=True))


def read(shelf: Shelf) -> Catalogue:
    """The live pages of a site in a locale by page id, restricted ones among them. Five queries."""
    model = EmbeddingModel.objects.filter(is_live=True).first()
    rows = PageVector.objects.filter(model=model, is_live=True, site_id=shelf.site_id, locale_id=shelf.locale_id)
    found = list(
        rows.order_by("page_id").values_list("page_id", "first_published_at", _sent("embedding", "halfvec_send"))
    )
    page_ids = [page_id for page_id, _published, _vector in found]
    return Catalogue(
        page_ids=np.array(page_ids, dtype=np.int64),
        vectors=_vectors([vector for _page_id, _published, vector in found], model.dimensions if model else 0),
        terms=_terms(page_ids, rows.values_list("page_id", flat=True)),
        topics=_sparse(page_ids, _topics(rows.values_list("page_id", flat=True))),
        entities=_sparse(page_ids, _entities(rows.values_list("page_id", flat=True))),
        days=_days([published for _page_id, published, _vector in found]),
    )


def term_names(page_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Page id → its terms as they are written, in the order of their columns. Pages without any are absent."""
    rows = PageTerms.objects.filter(page_id__in=page_ids).exclude(names="").values_list("page_id", "names")
    return {page_id: tuple(names.split("\n")) for page_id, names in rows}


def texts_without_links(page_ids: Collection[int]) -> dict[int, PageText]:
    """Page id → what the page says, without the words of its links to other pages: these say what those are called."""
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=page_ids).specific()
    with without_page_links():
        return {page.pk: extract(page) for page in pages}


def _sent(column: str, function: str) -> Func:
    """A vector in pgvector's binary form: thousands are read some twenty times as fast as from text."""
    return Func(F(column), function=function, output_field=BinaryField())


def _vectors(values: Sequence[bytes], dimensions: int) -> np.typing.NDArray[np.float32]:
    """Of halfvec_send: two numbers of two bytes, then the vector."""
    rows = [np.frombuffer(value, dtype=">f2", offset=4) for value in values]
    return np.array(rows, dtype=np.float32).reshape(len(rows), dimensions)


def _terms(page_ids: Sequence[int], wanted: Iterable[int]) -> SparseRows:
    """Of sparsevec_send: three numbers of four bytes (the second: how many), the columns, and their weights."""
    rows = PageTerms.objects.filter(page_id__in=wanted).values_list("page_id", _sent("vector", "sparsevec_send"))
    sent: dict[int, bytes] = dict(rows)
    empty = bytes(12)
    read = [np.frombuffer(sent.get(page_id, empty), dtype=">i4", offset=12) for page_id in page_ids]
    halves = [(both[: len(both) // 2], both[len(both) // 2 :].view(">f4")) for both in read]
    return SparseRows(
        starts=np.array([0, *accumulate(len(columns) for columns, _weights in halves)], dtype=np.int64),
        columns=np.concatenate([np.empty(0, np.int64), *(columns for columns, _weights in halves)]).astype(np.int64),
        weights=np.concatenate([np.empty(0, np.float32), *(weights for _columns, weights in halves)]).astype(
            np.float32
        ),
    )


def _topics(wanted: Iterable[int]) -> dict[int, Row]:
    rows = Suggestion.objects.filter(page_id__in=wanted, state__in=TAGGED)
    found: dict[int, dict[int, float]] = {}
    for page_id, topic_id, state, score in rows.values_list("page_id", "topic_id", "state", "score"):
        found.setdefault(page_id, {})[topic_id] = 1.0 if state == Suggestion.State.ACCEPTED else score
    return dict(found)


def _entities(wanted: Iterable[int]) -> dict[int, Row]:
    found: dict[int, dict[int, float]] = {}
    for row in PageEntity.objects.filter(page_id__in=wanted).resolved():
        if not row.is_doubtful:
            found.setdefault(row.page_id, {})[row.entity.pk] = row.salience
    return dict(found)


def _sparse(page_ids: Sequence[int], rows: Mapping[int, Row]) -> SparseRows:
    ordered = [sorted(rows.get(page_id, {}).items()) for page_id in page_ids]
    return SparseRows(
        starts=np.array([0, *accumulate(map(len, ordered))], dtype=np.int64),
        columns=np.array([column for row in ordered for column, _weight in row], dtype=np.int64),
        weights=np.array([weight for row in ordered for _column, weight in row], dtype=np.float32),
    )


def _days(published: Sequence[datetime | None]) -> Numbers:
    return np.array([np.nan if at is None else at.timestamp() / DAY_SECONDS for at in published], dtype=np.float64)
