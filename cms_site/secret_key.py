"""A secret key for machines where SECRET_KEY is not set, such as a demo: random, kept in a private file."""

import os
from pathlib import Path

from django.core.management.utils import get_random_secret_key


def own_secret_key(folder: Path) -> str:
    """Return the key kept in `folder`, making it at the first call."""
    path = folder / "secret_key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(get_random_secret_key())
    except FileExistsError:
        pass
    return path.read_text()
