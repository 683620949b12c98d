"""`make demo` says in one line what is wrong, and starts again after it was killed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from django.core.management import CommandError

from cms_site import bootstrap, embedded_postgres
from cms_site.demo.processes import Services
from cms_site.management.commands import demo
from cms_site.secret_key import own_secret_key

Usage = namedtuple("Usage", "total used free")


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=rf"Port {port} cannot be used.*make demo PORT=\d+"):
            demo.check_port(port)
    demo.check_port(port)


def test_a_full_disk_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(10, 10, 7 * 1024**2))
    with pytest.raises(CommandError, match="Only 7 MB are free"):
        demo.check_disk(tmp_path)


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with demo.only_demo(tmp_path), pytest.raises(CommandError, match="already running"), demo.only_demo(tmp_path):
        pass
    with demo.only_demo(tmp_path):
        pass


def test_a_child_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    services = Services(tmp_path, {})
    child = services.start("worker", "this", "ignored")
    child.process.wait(30)
    with pytest.raises(CommandError, match=r"The worker ended by itself(.|\n)*great idea"):
        demo.fail_if_dead(services)
    services.stop()


def test_stopping_ends_children_that_do_not_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cms_site.demo.processes.GRACE_SECONDS", 0.5)
    (tmp_path / "deaf.py").write_text(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    )
    services = Services(tmp_path, {"PYTHONPATH": str(tmp_path)})
    child = services.start("deaf", "deaf")
    while "up" not in child.log.read_text() and child.is_running:
        pass
    services.stop()
    assert not child.is_running


def test_what_an_interrupted_first_start_left_is_set_aside(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("18")
    embedded_postgres.set_aside_half_made(data)
    assert not data.exists()
    assert len(list(tmp_path.glob("postgres.half-made-*"))) == 1


def test_killed_processes_do_not_keep_postgres_up(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    users = tmp_path / ".handle_pids.json"
    users.write_text(json.dumps([ended.pid, os.getpid()]))
    embedded_postgres.forget_dead_users(tmp_path)
    assert json.loads(users.read_text()) == [os.getpid()]


def test_the_own_secret_key_is_random_kept_and_private(tmp_path: Path) -> None:
    key = own_secret_key(tmp_path / "one")
    assert len(key) >= 50
    assert own_secret_key(tmp_path / "one") == key
    assert own_secret_key(tmp_path / "two") != key
    assert (tmp_path / "one" / "secret_key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("complaint", "advice"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for torch==2.13.0", "No wheel for this Python"),
        ("ERROR: connection timed out", "run make again"),
    ],
)
def test_a_failed_installation_says_what_to_do(complaint: str, advice: str) -> None:
    assert advice in bootstrap.advice(complaint)


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer"):
        bootstrap.main()
