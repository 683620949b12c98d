"""Database, broker and worker as processes that can be killed and started again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from celery import Celery

from tests.story.deployment import ROOT, free_port, wait_until

OPEN = "SELECT count(*) FROM tagging_pageanalysis WHERE state IN ('stale', 'running')"

# An hour goes by: dead workers' leases run out, and the sweep takes nobody for busy.
AN_HOUR_LATER = """
UPDATE tagging_pageanalysis
SET claimed_at = claimed_at - interval '1 hour', analyzed_at = analyzed_at - interval '1 hour'
"""


@dataclass
class Cluster:
    """Everything lies in `folder`; `redis` is the path of redis-server, `pipeline` that of a spaCy pipeline."""

    folder: Path
    redis: str
    pipeline: Path
    broker_port: int = field(default_factory=free_port)
    web_port: int = field(default_factory=free_port)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def broker_url(self) -> str:
        return f"redis://127.0.0.1:{self.broker_port}/0"

    @property
    def url(self) -> str:
        return (self.folder / "url").read_text()

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": self.url,
            "CELERY_BROKER_URL": self.broker_url,
            "AFFINITY_VAR_DIR": str(self.folder / "var"),
            "FAULTS_PIPELINE": str(self.pipeline),
        }

    def start(self, name: str) -> None:
        getattr(self, f"_start_{name}")()

    def kill(self, name: str) -> None:
        """SIGKILL, to the process and to all of its children at once: nothing gets to tidy up."""
        parent = self.running.pop(name)
        victims = [parent.pid]
        if name == "database":
            victims.append(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]))
        processes = [psutil.Process(pid) for pid in victims if psutil.pid_exists(pid)]
        processes += [child for process in list(processes) for child in process.children(recursive=True)]
        for process in processes:
            with suppress(psutil.NoSuchProcess):  # one of them took it along, or it had just ended
                process.send_signal(signal.SIGKILL)
        parent.wait(20)
        psutil.wait_procs(processes, 20)

    def kill_one_of(self, name: str, chance: random.Random) -> None:
        """SIGKILL one child of a process, as the kernel does where memory runs out."""
        children = psutil.Process(self.running[name].pid).children()
        if children:
            chance.choice(children).kill()

    def stop(self) -> None:
        for name in reversed(list(self.running)):
            self.kill(name)

    def manage(self, *arguments: str) -> str:
        """Run a Python module to its end on the database under test; what it printed."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done.stdout

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def sweep(self) -> None:
        """What beat does each minute, an hour later."""
        self.rows(AN_HOUR_LATER)
        with Celery(broker=self.broker_url, set_as_current=False) as app:
            app.send_task("tagging.sweep")

    def drain(self, seconds: float) -> None:
        """Wait until no page is waiting; time goes by where nothing moves."""
        deadline, left = time.monotonic() + seconds, -1
        while (now_left := self.rows(OPEN)[0][0]) != 0:
            assert time.monotonic() < deadline, f"{now_left} pages are stuck.\n{self._last_words()}"
            self._supervise()
            if now_left == left:
                self.sweep()
            left = now_left
            time.sleep(3)

    def _supervise(self) -> None:
        """Celery now and then gives up a broker that was killed; whoever runs a worker has it started again."""
        if self.running["worker"].poll() is not None:
            self.start("worker")

    def _start_database(self) -> None:
        url = self.folder / "url"
        url.unlink(missing_ok=True)
        self._run("database", sys.executable, "-m", "tests.faults.database", str(self.folder / "data"), str(url))
        wait_until(url.exists, 60, "the database answers")

    def _start_broker(self) -> None:
        self._run("broker", self.redis, "--port", str(self.broker_port), "--bind", "127.0.0.1", "--save", "")
        wait_until(self._broker_answers, 20, "the broker answers")

    def _start_worker(self) -> None:
        options = ("--concurrency", "2", "--without-gossip", "--without-mingle")
        command = (sys.executable, "-W", "ignore", "-m", "celery", "-A", "cms_site", "worker", *options)
        self._run("worker", *command, **self.environment)

    def _start_web(self) -> None:
        options = ("--bind", f"127.0.0.1:{self.web_port}", "--workers", "2", "--threads", "2")
        self._run("web", sys.executable, "-m", "gunicorn", "cms_site.wsgi", *options, **self.environment)

    def _start_drain(self) -> None:
        command = (sys.executable, "-W", "ignore", "manage.py", "drain_events")
        self._run("drain", *command, **{**self.environment, "EVENT_SINK": "redis", "REDIS_URL": self.broker_url})

    def _run(self, name: str, *command: str, **environment: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, cwd=ROOT, env=environment or None, stdout=log, stderr=log, start_new_session=True
            )

    def _broker_answers(self) -> bool:
        try:
            with Celery(broker=self.broker_url, set_as_current=False).connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=1)
        except OSError:
            return False
        return True

    def _last_words(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")[-3000:]
