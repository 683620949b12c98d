"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, sync_playwright

from personalization.operations.placements import forget_placements
from personalization.visitors.segments import forget_compiled
from tests.missing import require

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(autouse=True)
def _nothing_kept():
    """No test answers from what another one left in a cache or in the process."""
    cache.clear()
    forget_placements()
    forget_compiled()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's headless Chromium. One a module: Playwright's event loop must not outlive the tests that use it."""
    program = require("chromium", "apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # that loop runs in the tests' thread
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
