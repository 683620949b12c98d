"""Fixtures that the whole suite shares."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

from personalization.operations.placements import forget_placements
from personalization.visitors.learned import forget_models
from personalization.visitors.public_pages import forget_pages
from personalization.visitors.segments import forget_compiled
from tests.missing import require
from tests.story.deployment import free_port, wait_until

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


SHARED = {"chromium", "loaded", "cluster", "wheel", "nlp"}
"""Fixtures of a module or the session that take seconds to make."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several cores share the suite, the tests of a file that share such a fixture stay on one.

    All others are dealt out in order: those that empty the database come last on every core, as pytest-django has it.
    """
    for item in items:
        if isinstance(item, pytest.Function) and SHARED & set(item.fixturenames):
            item.add_marker(pytest.mark.xdist_group(item.path.name))
        database = item.get_closest_marker("django_db")
        if database and database.kwargs.get("transaction") and not database.kwargs.get("serialized_rollback"):
            raise pytest.UsageError(f"{item.nodeid} needs serialized_rollback=True: it takes what migrating made away.")


@pytest.fixture(autouse=True)
def _nothing_kept():
    """No test answers from what another one left in a cache or in the process."""
    cache.clear()
    forget_placements()
    forget_pages()
    forget_compiled()
    forget_models()


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """Debian's headless Chromium. One a module: Playwright's event loop must not outlive the tests that use it.

    While that loop runs, Django uses another connection, which must know what the database holds after migrating.
    """
    migrated = getattr(connections["default"], "_test_serialized_contents", None)  # where a test asks for it
    program = require("chromium", "apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # that loop runs in the tests' thread
        if migrated is not None:
            connections["default"]._test_serialized_contents = migrated
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
        connections["default"].close()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis server of our own."""
    program = require("redis-server", "apt-get install redis-server")
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        stdout=subprocess.DEVNULL,
    )
    wait_until(lambda: answers(port), 30, "Redis answers")
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(10)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
