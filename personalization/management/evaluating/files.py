"""Open what an operator names, plain or gzipped, and say what is wrong with it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.management.base import CommandError

from personalization.evaluation.logs import BadLogError

GZIP = b"\x1f\x8b"


@contextmanager
def text_lines(file: Path) -> Iterator[IO[str]]:
    """The file's lines. Raises CommandError with the file's name, for what goes wrong inside the block too."""
    try:
        with file.open("rb") as raw:
            is_gzip = raw.read(2) == GZIP
        with (gzip.open if is_gzip else open)(file, "rt", encoding="utf-8-sig", newline="") as lines:
            yield lines
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is no UTF-8 text ({error.reason}). Convert it: iconv -t UTF-8.") from error
    except EOFError as error:
        raise CommandError(f"{file} ends too early: the gzip file is cut off. Fetch it again.") from error
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror or error}.") from error
    except BadLogError as error:
        raise CommandError(f"{file}: {error}") from error


def is_tabbed(file: Path) -> bool:
    """Whether the name says that columns are parted by tabs."""
    return ".tsv" in file.suffixes or ".tab" in file.suffixes
