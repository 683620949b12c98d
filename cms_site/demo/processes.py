"""Child processes of the demo: started in order, stopped in reverse, their output kept in files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 20


@dataclass(slots=True)
class Service:
    """One running child and the file its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def last_lines(self, count: int = 3) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Services:
    """The demo's children. Each runs in a session of its own, so that Ctrl-C reaches only the demo itself."""

    def __init__(self, log_dir: Path, environment: dict[str, str]) -> None:
        log_dir.mkdir(parents=True, exist_ok=True)
        self.log_dir = log_dir
        self.environment = {**os.environ, **environment}
        self.running: list[Service] = []

    def start(self, name: str, module: str, *arguments: str) -> Service:
        """Run `python -m module arguments…` until `stop`."""
        log = self.log_dir / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self.environment,
                start_new_session=True,
            )
        service = Service(name, process, log)
        self.running.append(service)
        return service

    def first_dead(self) -> Service | None:
        return next((service for service in self.running if not service.is_running), None)

    def stop(self) -> None:
        """Ask all to end, newest first, and end by force what has not done so in time."""
        for service in reversed(self.running):
            if service.is_running:
                service.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        for service in reversed(self.running):
            try:
                service.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(service.process.pid, signal.SIGKILL)
                service.process.wait()
        self.running.clear()


def commands(port: int, var_dir: Path) -> Sequence[tuple[str, str, tuple[str, ...]]]:
    """Name, module and arguments of each child, in the order in which they start."""
    worker = ("--concurrency", "2", "--without-gossip", "--without-mingle", "--loglevel", "INFO")
    schedule = ("--schedule", str(var_dir / "beat-schedule"), "--pidfile", "")
    web = (
        "--bind",
        f"127.0.0.1:{port}",
        "--workers",
        "1",
        "--threads",
        "8",
        "--graceful-timeout",
        "5",
        "--no-control-socket",
    )
    return (
        ("web", "gunicorn", ("cms_site.wsgi", *web)),
        ("worker", "celery", ("-A", "cms_site", "worker", *worker)),
        ("beat", "celery", ("-A", "cms_site", "beat", *schedule)),
    )
