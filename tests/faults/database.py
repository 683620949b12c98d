"""Runs a Postgres of its own until it is killed: `python -m tests.faults.database DATA_DIR URL_FILE`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from cms_site.embedded_postgres import database_url

if __name__ == "__main__":
    url = database_url(Path(sys.argv[1]))
    url_file = Path(sys.argv[2])
    url_file.with_suffix(".part").write_text(url)
    url_file.with_suffix(".part").rename(url_file)
    signal.pause()
