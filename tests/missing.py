"""What to do where a program that a test needs is not installed: skip with the cure, but fail under CI."""

from __future__ import annotations

import os
import shutil

import pytest


def require(program: str, cure: str) -> str:
    """The path of `program`. Elsewhere than in CI a test is skipped where it is missing, with its `cure`."""
    if path := shutil.which(program):
        return path
    message = f"{program} is not installed. Run: {cure}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
