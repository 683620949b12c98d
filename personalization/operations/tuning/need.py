"""The share of lists that must show a new page, so that each gets its chance while it is new."""

from __future__ import annotations

from datetime import timedelta

import swapper
from django.utils import timezone

from personalization.conf import settings
from personalization.operations.material import types_of
from personalization.operations.placements import config_of

from .record import Record

DAY = 86400.0
WINDOW_DAYS = 30


def share_needed(record: Record) -> float:
    """From the pages published lately and the lists that readers saw, in [0, 1]; 1 where nothing was seen.

    Each page needs `EXPLORATION_MINIMUM` impressions. The lists are the record's alone: what other lists and
    placements show comes on top.
    """
    if not record.slates:
        return 1.0
    days = max((record.slates[-1].at - record.slates[0].at) / DAY, 1.0)
    since = timezone.now() - timedelta(days=WINDOW_DAYS)
    pages = (
        swapper.load_model("wagtailcore", "Page")
        .objects.live()
        .filter(first_published_at__gte=since, content_type_id__in=types_of(config_of(record.placement)))
    )
    impressions = pages.count() / WINDOW_DAYS * settings.EXPLORATION_MINIMUM
    return min(float(impressions) / (len(record.slates) / days), 1.0)
