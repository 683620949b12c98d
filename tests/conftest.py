"""Fixtures that the whole suite shares."""

import pytest
from django.core.cache import cache

from personalization.operations.placements import forget_placements
from personalization.visitors.segments import forget_compiled


@pytest.fixture(autouse=True)
def _nothing_kept():
    """No test answers from what another one left in a cache or in the process."""
    cache.clear()
    forget_placements()
    forget_compiled()
