"""Fixtures that the whole suite shares."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import Browser, sync_playwright
from pytest_django import DjangoDbBlocker

from personalization.operations.placements import forget_placements
from personalization.operations.rankers import forget_live
from personalization.visitors.learned import forget_models
from personalization.visitors.public_pages import forget_pages
from personalization.visitors.segments import forget_compiled
from tests import migrated
from tests.clean_slate import CleanSlate
from tests.missing import require
from tests.story.deployment import free_port, wait_until

CHROMIUM_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The story takes longest: where several cores share the suite, file by file, it must not be begun last."""
    items.sort(key=lambda item: item.path.name != "test_story.py")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """The test database is a copy of one that is migrated; Django migrates what is missing, which is nothing."""
    if template := migrated.make_template(settings.DATABASE_URL):
        connections.settings["default"]["TEST"]["TEMPLATE"] = template


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What a test commits is taken back by `CleanSlate`, not by Django's flush."""
    with django_db_blocker.unblock():
        slate = CleanSlate(connections["default"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_setup", classmethod(lambda cls: None))
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: slate.restore())
        yield


@pytest.fixture(autouse=True)
def _nothing_kept():
    """No test answers from what another one left in a cache or in the process, nor in the language of its last page."""
    translation.deactivate()
    cache.clear()
    forget_placements()
    forget_pages()
    forget_compiled()
    forget_models()
    forget_live()


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """Debian's headless Chromium. One a module: Playwright's event loop must not outlive the tests that use it.

    While that loop runs, Django uses another connection.
    """
    program = require("chromium", "apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # that loop runs in the tests' thread
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
