"""The demo's topic tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tagging.models import Topic

from .ledger import Ledger


def steps(topics: list[dict[str, Any]], ledger: Ledger) -> Iterator[tuple[str, Callable[[], object]]]:
    for main in topics:
        yield main["name"], partial(add, main, None, ledger)
        for sub in main["children"]:
            yield sub["name"], partial(add, sub, main["slug"], ledger)


def add(values: dict[str, Any], parent: str | None, ledger: Ledger) -> None:
    fields = {key: values[key] for key in ("slug", "name", "description", "synonyms")}
    if parent is None:
        ledger.once(f"topic:{values['slug']}", lambda: Topic.add_root(**fields))
    elif above := ledger.find(Topic, f"topic:{parent}"):
        ledger.once(f"topic:{values['slug']}", lambda: above.add_child(**fields))
