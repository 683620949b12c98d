"""`manage.py demo`: the whole reference site in one terminal."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import OperationalError, connection
from tqdm import tqdm

from cms_site.demo.processes import Services, commands
from personalization.models import Visitor
from tagging.models import PageAnalysis

FREE_BYTES_NEEDED = 500 * 1024**2
READY_SECONDS = 60
FIRST_READERS = 12
MORE_READERS = 108


class Command(BaseCommand):
    help = "Start the demo: Postgres, web server, worker and beat, with content and readers. Ctrl-C stops it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        var_dir: Path = settings.VAR_DIR
        check_port(port)
        check_disk(var_dir)
        with only_demo(var_dir):
            services = Services(var_dir / "logs", environment(port))
            try:
                self.run(services, port, var_dir)
            except KeyboardInterrupt:
                self.stdout.write("\nStopping …")
            except OperationalError as error:
                raise CommandError(
                    f"Postgres: {error} See {var_dir}/postgres/log, or start anew: make clean demo."
                ) from error
            except OSError as error:
                raise CommandError(
                    f"{error.strerror}: {error.filename or var_dir}. Make room and run it again."
                ) from error
            finally:
                services.stop()
                connection.close()
        self.stdout.write("Stopped. The data is kept in var/; `make clean` removes it.")

    def run(self, services: Services, port: int, var_dir: Path) -> None:
        self.say("Preparing the database")
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        url = f"http://127.0.0.1:{port}"
        call_command("load_demo", url=url, stdout=self.stdout)
        for name, module, arguments in commands(port, var_dir):
            services.start(name, module, *arguments)
        wait_for_web(services, url)
        watch_analysis(services)
        is_new = not Visitor.objects.exists()
        if is_new:
            call_command("simulate_readers", url=url, readers=FIRST_READERS, stdout=self.stdout)
        self.welcome(url)
        if is_new:
            self.let_more_read(url)
        wait_until_stopped(services)

    def let_more_read(self, url: str) -> None:
        """Enough readers for what is only shown, or learned, of many. The site may be looked at meanwhile."""
        self.say("More readers come now: reports tell of ten or more alike, and segments are learned of fifty")
        call_command("simulate_readers", url=url, readers=MORE_READERS, seed=1, stdout=self.stdout)
        self.say("Learning segments from them")
        call_command("fit_segments", stdout=self.stdout)

    def say(self, text: str) -> None:
        self.stdout.write(f"→ {text}")
        self.stdout.flush()

    def welcome(self, url: str) -> None:
        password = os.environ.get("AFFINITY_ADMIN_PASSWORD", "affinity-demo")
        lines = (
            "",
            self.style.SUCCESS("The demo is ready."),
            f"  Site   {url}/",
            f"  Admin  {url}/admin/   (admin / {password})",
            f"  API    {url}/api/personalization/v1/docs/",
            "  Ctrl-C stops everything.",
        )
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def environment(port: int) -> dict[str, str]:
    """What the children need to join this database and this folder."""
    return {
        "DATABASE_URL": os.environ.get("DATABASE_URL") or settings.DATABASE_URL,
        "AFFINITY_VAR_DIR": str(settings.VAR_DIR),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1"),
        "SERVE_MEDIA": "1",
    }


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {port} cannot be used ({error}). Stop what uses it, or run: make demo PORT={port % 60000 + 1}"
            ) from error


def check_disk(folder: Path) -> None:
    if (free := shutil.disk_usage(folder).free) < FREE_BYTES_NEEDED:
        raise CommandError(
            f"Only {free // 1024**2} MB are free on the disk of {folder}; the demo needs 500. Make room."
        )


@contextmanager
def only_demo(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: a second demo on the same data would fight over the queue."""
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"A demo is already running on {folder}. Stop it with Ctrl-C there first.") from None
        yield


def wait_for_web(services: Services, url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        fail_if_dead(services)
        try:
            with urllib.request.urlopen(url, timeout=10):  # noqa: S310 - our own server
                return
        except urllib.error.HTTPError as error:
            raise CommandError(f"The site answers {error.code}. See {services.log_dir}/web.log.") from error
        except OSError:
            time.sleep(0.2)
    raise CommandError(f"The web server did not answer in {READY_SECONDS} seconds. See {services.log_dir}/web.log.")


def watch_analysis(services: Services) -> None:
    """Show the worker's progress until no page waits."""
    waiting = PageAnalysis.objects.filter(state__in=[PageAnalysis.State.STALE, PageAnalysis.State.RUNNING])
    total = waiting.count()
    if not total:
        return
    with tqdm(total=total, desc="Analysing pages", unit="page") as bar:
        while left := waiting.count():
            fail_if_dead(services)
            bar.update(max(0, total - left - bar.n))
            time.sleep(0.5)
        bar.update(total - bar.n)
    if failed := PageAnalysis.objects.filter(state=PageAnalysis.State.FAILED).count():
        tqdm.write(f"! {failed} pages could not be analysed; see Affinity → Content analysis in the admin.")


def wait_until_stopped(services: Services) -> None:
    while True:
        fail_if_dead(services)
        time.sleep(1)


def fail_if_dead(services: Services) -> None:
    if service := services.first_dead():
        raise CommandError(
            f"The {service.name} ended by itself. Its last words ({service.log}):\n{service.last_lines()}"
        )
