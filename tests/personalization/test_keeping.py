"""What takes long to count is counted once in ten minutes; what is quick, at each look."""

from __future__ import annotations

from itertools import count

import pytest

from personalization.visitors import keeping


@pytest.mark.parametrize(("slow", "answers"), [(1000.0, [0, 1]), (-1.0, [0, 0])])
def test_only_what_was_slow_is_kept(monkeypatch: pytest.MonkeyPatch, slow: float, answers: list[int]) -> None:
    monkeypatch.setattr(keeping, "SLOW_SECONDS", slow)
    numbers = count()
    assert [keeping.kept("numbers", lambda: (next(numbers),))[0] for _ in range(2)] == answers
