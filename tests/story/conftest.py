"""The deployments that the story is told on: one on the filesystem broker, one on a real Redis."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests import migrated

from .deployment import Deployment, wait_until

WAITING = "SELECT count(*) FROM tagging_pageanalysis WHERE state IN ('stale', 'running')"
LOADED = "story_loaded"


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment with the demo content, analysed in-process; its database is the others' template."""
    deployment = Deployment(settings.DATABASE_URL, LOADED, open_folder(tmp_path_factory, "loaded"))
    deployment.create_database(template=migrated.make_template(settings.DATABASE_URL) or "template0")
    deployment.manage("migrate", "--verbosity=0")
    deployment.manage("load_demo")
    deployment.manage("analyze_pages", "--stale")
    return deployment


def open_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    return factory.mktemp(name)


@pytest.fixture(params=["filesystem", pytest.param("redis", marks=pytest.mark.redis)])
def deployment(
    request: pytest.FixtureRequest, loaded: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """The running site on a copy of the loaded database."""
    broker = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    var_dir = tmp_path_factory.mktemp(f"story-{request.param}")
    shutil.copytree(loaded.var_dir / "media", var_dir / "media")
    running = Deployment(loaded.server_url, f"story_{request.param}", var_dir, broker)
    running.create_database(template=LOADED)
    running.execute("UPDATE wagtailcore_site SET hostname = '127.0.0.1', port = %s", running.port)
    running.manage("collectstatic", "--no-input", "--verbosity=0")
    try:
        running.start()
        wait_until(lambda: running.scalar(WAITING) == 0, 120, "every page is analysed")
        yield running
    finally:
        running.stop()
