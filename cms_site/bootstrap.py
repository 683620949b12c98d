"""Make the virtual environment and install what is pinned. Standard library only: run it with any Python 3.11+.

    python3 cms_site/bootstrap.py

It does nothing where the environment is already that of this `constraints.txt` and `pyproject.toml`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "affinity-installed"
FREE_BYTES_NEEDED = 4 * 1024**3


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what older Pythons get to run
        stop(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Run: make PYTHON=python3.11 …")
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    if shutil.disk_usage(ROOT).free < FREE_BYTES_NEEDED:
        stop(f"The disk of {ROOT} has less than 4 GB free, which the models and Postgres need. Make room.")
    install()
    STAMP.write_text(wanted)


def install() -> None:
    """Create `.venv` and fill it. torch comes first and alone, through pip, so that a CPU build is taken."""
    STAMP.unlink(missing_ok=True)
    if not (VENV / "bin" / "pip").exists():
        say("Making .venv")
        try:
            venv.create(VENV, with_pip=True, clear=VENV.exists())
        except subprocess.CalledProcessError:
            stop("Python cannot make a virtual environment with pip. On Debian: apt-get install python3-venv")
    say("Installing torch (once, some hundred megabytes)")
    pip("torch")
    say("Installing wagtail-affinity, its models and tools")
    pip("-e", f"{ROOT}[dev]")


def pip(*what: str) -> None:
    command = [
        VENV / "bin" / "pip",
        "install",
        "--disable-pip-version-check",
        "-q",
        "-c",
        ROOT / "constraints.txt",
    ]
    done = subprocess.run([*command, *what], stderr=subprocess.PIPE, text=True, check=False, env=without_user_site())
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr.strip()]
        stop(f"pip could not install {' '.join(what)}: {errors[0]} {advice(done.stderr)}")


def advice(output: str) -> str:
    """What to do about pip's complaint."""
    if "No space left" in output:
        return "The disk is full. Make room and run make again."
    if "No matching distribution" in output or "Could not find a version" in output:
        return "No wheel for this Python or machine. Use CPython 3.11-3.13 on 64-bit Linux or macOS."
    return "Check the connection to the package index and run make again; what is installed is kept."


def fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for name in ("constraints.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def without_user_site() -> dict[str, str]:
    return {**os.environ, "PYTHONNOUSERSITE": "1"}


def say(text: str) -> None:
    print(f"→ {text}", flush=True)


def stop(text: str) -> None:
    raise SystemExit(f"✗ {text}")


if __name__ == "__main__":
    main()
