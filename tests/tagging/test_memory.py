"""What a batch has freed goes back to the system."""

import ctypes
from pathlib import Path

import pytest

from tagging.operations import memory

STATUS = Path("/proc/self/status")


def resident_megabytes():
    return next(int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmRSS")) / 1024


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells how much memory a process holds")
def test_holes_that_a_batch_left_are_given_back():
    if memory._malloc_trim() is None:
        pytest.skip("this C library is not glibc, and keeps no such holes")
    pieces = [bytes(50_000) for _ in range(4_000)]
    kept = pieces[::40]
    del pieces
    before = resident_megabytes()
    memory.give_back_memory()
    assert before - resident_megabytes() > 50
    assert all(piece == bytes(50_000) for piece in kept)


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    memory._malloc_trim.cache_clear()
    memory.give_back_memory()
    memory._malloc_trim.cache_clear()
