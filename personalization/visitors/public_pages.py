"""Pages that were public a moment ago: what readers of a busy page send needs no query for each batch."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from personalization.conf import settings

LARGEST = 100_000
"""So many are kept at most. Hosts come from requests, and pages by the thousand."""

TOGETHER = 1_000
"""So many are asked for at once, at most, beside those of the batch itself."""

_kept: dict[tuple[str, int], float] = {}
"""(host, page id) to the monotonic time until which nobody asks again."""

_named: dict[str, set[int]] = {}
"""Host to the pages that events named since it was last asked about some."""


def doubtful(host: str, page_ids: Collection[int]) -> set[int]:
    """None where all pages were seen to be public on that host within the last `CONFIG_CACHE_SECONDS`.

    Else those that were not, and others that are read there and will soon be doubtful, too: one query for them all.
    """
    now = time.monotonic()
    named = _named.setdefault(host, set())
    if len(named) < TOGETHER:
        named.update(page_ids)
    if all(_kept.get((host, page_id), 0.0) >= now for page_id in page_ids):
        return set()
    _named.pop(host, None)
    soon = now + settings.CONFIG_CACHE_SECONDS / 2
    return {page_id for page_id in {*named, *page_ids} if _kept.get((host, page_id), 0.0) < soon}


def remember(host: str, page_ids: Iterable[int]) -> None:
    """These were public on that host just now."""
    if len(_kept) > LARGEST:
        _kept.clear()
        _named.clear()
    until = time.monotonic() + settings.CONFIG_CACHE_SECONDS
    _kept.update({(host, page_id): until for page_id in page_ids})


def forget_pages() -> None:
    """Ask for every page anew from now on, in this process. Called when one was published, hidden or moved."""
    _kept.clear()
