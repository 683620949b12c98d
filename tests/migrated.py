"""The database as migrating leaves it, made once and copied: to run 190 migrations takes a processor 20 s."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from cms_site.embedded_postgres import make_runtime_dir
from tests.story.deployment import ROOT, with_database

TEMPLATE = "migrated"
KEEP_SECONDS = 24 * 3600


def make_template(server_url: str) -> str | None:
    """A database on an embedded server that others are made from, at the first call; its name.

    None where the server is not our own: its tools may be of another version than it is.
    """
    if not is_embedded(server_url):
        return None
    with psycopg.connect(server_url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            return TEMPLATE
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    fill(with_database(server_url, TEMPLATE))
    return TEMPLATE


def fill(url: str) -> None:
    """Bring an empty database of an embedded server to what migrating makes of it."""
    run(tool(url, "psql"), "--quiet", "--set=ON_ERROR_STOP=1", "--file", migrated_dump(url), url)


def is_embedded(server_url: str) -> bool:
    return "DATABASE_URL" not in os.environ


def migrated_dump(server_url: str) -> Path:
    """The file with everything that migrating makes today. Whoever comes first makes it; the others wait."""
    make_runtime_dir()
    folder = Path(os.environ["XDG_RUNTIME_DIR"])
    dump = folder / f"affinity-migrated-{fingerprint()}.sql"
    with locked(folder / "affinity-migrated.lock"):
        if not dump.exists():
            forget_old(folder)
            migrate(server_url, dump)
    return dump


def fingerprint() -> str:
    """Changes with whatever may change what migrating makes: migrations, Wagtail's and Django's too, and the date.

    The date, because the partitions of events begin and end with it.
    """
    found = hashlib.sha256(repr((str(date.today()), version("django"), version("wagtail"))).encode())
    for config in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(config.label)
        folder = Path(str(import_module(config.module.__name__).__file__)).parent / "migrations"
        for path in sorted(folder.glob("*.py")) if module else ():
            found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def forget_old(folder: Path) -> None:
    for dump in folder.glob("affinity-migrated-*.sql"):
        if dump.stat().st_mtime < time.time() - KEEP_SECONDS:
            dump.unlink()


def migrate(server_url: str, dump: Path) -> None:
    """Migrate a database that is made for it, write it to `dump`, and drop it."""
    url, part = with_database(server_url, "migrating"), dump.with_suffix(".part")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrating")
        environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "cms_site.settings"}
        run(sys.executable, "manage.py", "migrate", "--verbosity=0", **environment)
        run(tool(server_url, "pg_dump"), "--no-owner", "--file", part, url)
        connection.execute("DROP DATABASE migrating")
    part.rename(dump)


def tool(server_url: str, name: str) -> Path:
    """One of Postgres' programs, from where the running server has its own: the wheel holds two versions."""
    data = Path(parse_qs(urlsplit(server_url).query)["host"][0])
    return Path((data / "postmaster.opts").read_text().split()[0]).with_name(name)


def run(*command: str | Path, **environment: str) -> None:
    done = subprocess.run(command, cwd=ROOT, env=environment or None, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
