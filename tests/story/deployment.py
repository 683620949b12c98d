"""A whole deployment for the story tests: own database, web server, worker and beat, as processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from cms_site.demo.processes import Services, commands

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "story-password-1"


@dataclass
class Deployment:
    """The reference site on its own database. `broker` is a Celery broker URL; "" means the filesystem."""

    server_url: str
    database: str
    var_dir: Path
    broker: str = ""
    port: int = field(default_factory=lambda: free_port())
    services: Services = field(init=False)

    def __post_init__(self) -> None:
        self.services = Services(self.var_dir / "logs", self.environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        chosen = {
            "DATABASE_URL": with_database(self.server_url, self.database),
            "AFFINITY_VAR_DIR": str(self.var_dir),
            "AFFINITY_ADMIN_PASSWORD": PASSWORD,
            "BASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "cms_site.settings",
            "HF_HUB_OFFLINE": "1",
            "SERVE_MEDIA": "1",
        }
        return {**chosen, "CELERY_BROKER_URL": self.broker} if self.broker else chosen

    def create_database(self, template: str = "template0") -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{self.database}" TEMPLATE "{template}"')

    def manage(self, *arguments: str) -> str:
        """Run a management command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def start(self) -> None:
        for name, module, arguments in commands(self.port, self.var_dir):
            self.services.start(name, module, *arguments)
        wait_until(self.answers, 60, "the web server answers")

    def answers(self) -> bool:
        if dead := self.services.first_dead():
            raise AssertionError(f"{dead.name} ended: {dead.last_lines(20)}")
        try:
            with urllib.request.urlopen(self.url, timeout=20):
                return True
        except urllib.error.HTTPError:
            raise
        except OSError:
            return False

    def scalar(self, sql: str, *values: object) -> object:
        """The first column of the first row that `sql` gives on the deployment's database."""
        with psycopg.connect(with_database(self.server_url, self.database)) as connection:
            row = connection.execute(sql, values).fetchone()
        return row[0] if row else None

    def execute(self, sql: str, *values: object) -> None:
        with psycopg.connect(with_database(self.server_url, self.database)) as connection:
            connection.execute(sql, values)

    def stop(self) -> None:
        self.services.stop()


def with_database(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: object, seconds: float, what: str) -> None:
    """Poll `condition()` until it is true; an AssertionError names `what` when time is up."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Waited {seconds} s in vain: {what}."
        time.sleep(0.25)
