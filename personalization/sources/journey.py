"""Where a reader comes from: the pages of this visit, and what such pages lead to that may be proposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

import swapper
from django.db import connection, models

from personalization.conf import settings
from personalization.models import SignalState, suitable_half_lives
from personalization.models.signal_state import THE_ROW
from personalization.types import Candidate, RecQuery

from .base import SourceRequest

_SETTLED: Final = "(SELECT {name} FROM {state} WHERE id = {row})"


def pages_read(query: RecQuery, most: int) -> list[int]:
    """The last pages of this visit, oldest first, each once: up to the page being read, if there is one.

    Where a known reader is at the beginning of a visit, and on no page yet, the last ones of the visit before.
    """
    gap = timedelta(minutes=settings.VISIT_GAP_MINUTES)
    pages, last = [], None if query.page_id is None else query.context.at
    for read in query.profile.recent if query.profile else ():
        if last is not None and last - read.at > gap:
            break
        last = read.at
        pages.append(read.page_id)
    earlier = [page_id for page_id in pages if page_id != query.page_id]
    return [*reversed(earlier), *([] if query.page_id is None else [query.page_id])][-most:]


def best_of(candidates: Sequence[Candidate], request: SourceRequest) -> list[Candidate]:
    """Those that something speaks for and that are not excluded, best first, at most as many as are asked for."""
    found = (one for one in candidates if one.score > 0.0 and one.page_id not in request.exclude)
    return sorted(found, key=lambda one: (-one.score, one.page_id))[: request.limit]


def of_the_kind(candidates: Sequence[Candidate], request: SourceRequest) -> list[Candidate]:
    """Those whose pages are live, of the query's locale and of the types asked for. One query."""
    query = request.query
    pages = swapper.load_model("wagtailcore", "Page").objects.live().filter(locale_id=query.locale_id)
    if request.types:
        pages = pages.filter(content_type_id__in=request.types)
    known = set(pages.filter(pk__in=[one.page_id for one in candidates]).values_list("pk", flat=True))
    return [one for one in candidates if one.page_id in known]


def rows_of(statement: str, request: SourceRequest, **parameters: Any) -> list[tuple[Any, ...]]:
    """What a statement of the source's own finds; it may use `aged` and `is_of_the_kind`."""
    given = {
        "now": request.query.context.at,
        "locale": request.query.locale_id,
        "types": sorted(request.types),
        **{f"half_life_{name}": value for name, value in asdict(suitable_half_lives(0.0, 0.0)).items()},
        **parameters,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return list(cursor.fetchall())


def is_of_the_kind(page_id: str) -> str:
    """SQL for whether a page is live, of the query's locale and of the types asked for."""
    table = quoted(swapper.load_model("wagtailcore", "Page"))
    return (
        f"EXISTS (SELECT FROM {table} AS page WHERE page.id = {page_id} AND page.live AND page.locale_id = %(locale)s"
        " AND (page.content_type_id = ANY(%(types)s::int[]) OR cardinality(%(types)s::int[]) = 0))"
    )


def quoted(model: type[models.Model]) -> str:
    """The model's table, as a statement names it."""
    return connection.ops.quote_name(model._meta.db_table)


def aged(summed: str, half_life: str, as_of: str = "as_of") -> str:
    """SQL for what a decayed sum has become by now; `half_life` is the name of one of those in force."""
    settled = _SETTLED.format(name=half_life, state=quoted(SignalState), row=THE_ROW)
    age = f"extract(epoch FROM {as_of} - %(now)s::timestamptz)::float8"
    # An exponent beyond some hundreds is an error in Postgres, not 0 or infinity.
    exponent = f"{age} / coalesce({settled}, %(half_life_{half_life})s::float8)"
    return f"({summed} * power(2::float8, greatest(-500, least(500, {exponent}))))"
