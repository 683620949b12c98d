"""Pages that were public a moment ago: what readers of a busy page send needs no query for each batch."""

from __future__ import annotations

import time
from collections.abc import Iterable

from personalization.conf import settings

LARGEST = 100_000
"""So many are kept at most. Hosts come from requests, and pages by the thousand."""

_kept: dict[tuple[str, int], float] = {}
"""(host, page id) to the monotonic time until which nobody asks again."""


def doubtful(host: str, page_ids: Iterable[int]) -> set[int]:
    """Those of the pages that were not seen to be public on that host within the last `CONFIG_CACHE_SECONDS`."""
    now = time.monotonic()
    return {page_id for page_id in page_ids if _kept.get((host, page_id), 0.0) < now}


def remember(host: str, page_ids: Iterable[int]) -> None:
    """These were public on that host just now."""
    if len(_kept) > LARGEST:
        _kept.clear()
    until = time.monotonic() + settings.CONFIG_CACHE_SECONDS
    _kept.update({(host, page_id): until for page_id in page_ids})


def forget_pages() -> None:
    """Ask for every page anew from now on, in this process. Called when one was published, hidden or moved."""
    _kept.clear()
