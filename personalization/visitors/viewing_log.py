"""The site's own views as a log that can be replayed."""

from __future__ import annotations

from array import array
from datetime import timedelta
from typing import Final

import numpy as np
from django.utils import timezone

from personalization.conf import settings
from personalization.evaluation.log import Attribute, Log, in_time_order, stitched
from personalization.models import Event

CHUNK: Final = 20_000
ATTRIBUTES: Final = ("device", "referrer", "country")


def viewing_log(days: int) -> Log:
    """Views of the last `days` days by all visitors who agreed to be known; pages are named by their ids.

    Sessions are those of VISIT_GAP_MINUTES. Raises ValueError where there is no view.
    """
    visitors: dict[object, int] = {}
    pages: dict[int, int] = {}
    codes: tuple[dict[str, int], ...] = tuple({} for _ in ATTRIBUTES)
    whose, which, times = array("i"), array("i"), array("d")
    columns = tuple(array("i") for _ in ATTRIBUTES)
    rows = Event.objects.filter(kind=Event.Kind.VIEW, at__gte=timezone.now() - timedelta(days=days))
    values = rows.order_by("at", "id").values_list("visitor_id", "page_id", "at", *ATTRIBUTES)
    for visitor, page, at, *attributes in values.iterator(chunk_size=CHUNK):
        whose.append(visitors.setdefault(visitor, len(visitors)))
        which.append(pages.setdefault(page, len(pages)))
        times.append(at.timestamp())
        for column, numbers, value in zip(columns, codes, attributes, strict=True):
            column.append(numbers.setdefault(value, len(numbers)))
    if not pages:
        raise ValueError(f"no page was viewed in the last {days} days by a visitor who agreed to be known.")
    log = Log(
        np.array(whose),
        stitched(np.array(whose), np.array(times), settings.VISIT_GAP_MINUTES),
        np.array(which),
        np.array(times),
        tuple(map(str, pages)),
        {
            name: Attribute(np.array(column), tuple(numbers))
            for name, column, numbers in zip(ATTRIBUTES, columns, codes, strict=True)
        },
    )
    return in_time_order(log)
