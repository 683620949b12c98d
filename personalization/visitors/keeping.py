"""Keeps for a while what took long to count: a report on a million visitors is counted once, not at each look."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from django.core.cache import cache

SLOW_SECONDS: Final = 2.0
KEEP_SECONDS: Final = 600

Value = TypeVar("Value")


def kept(name: str, count: Callable[[], Value]) -> Value:
    """What `count` says now, or up to ten minutes ago where that took it longer than `SLOW_SECONDS`.

    Numbers only: what is kept is in the cache, where no deletion of a visitor looks for it.
    """
    key = f"personalization:kept:{name}"
    found: Value | None = cache.get(key)
    if found is not None:
        return found
    start = time.monotonic()
    found = count()
    if time.monotonic() - start > SLOW_SECONDS:
        cache.set(key, found, KEEP_SECONDS)
    return found
