"""Keeps a worker's memory flat."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Any


def give_back_memory() -> None:
    """Have the C library return to the system what a batch has freed; does nothing where it cannot be asked.

    The tensors of a pass are of many sizes. glibc keeps the holes that they leave: over some hundred pages a worker
    seems to grow by half, though what it uses stays the same.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    """glibc's function; None with any other C library."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
