"""Where pages and topics stand: the names above them, "Culture › Film"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import swapper

from tagging.models import Topic

SEPARATOR = " › "


def topic_trails(topics: Iterable[Topic]) -> dict[int, str]:
    """Topic id → the names above it, "" at the top level. One query."""
    above = {topic.pk: _steps(topic.path, Topic.steplen) for topic in topics}
    wanted = {path for paths in above.values() for path in paths}
    names = dict(Topic.objects.filter(path__in=wanted).values_list("path", "name"))
    return {pk: _joined(paths, names) for pk, paths in above.items()}


def page_trails(pages: Iterable[Any]) -> dict[int, str]:
    """Page id → the titles above it, without the root of the tree. One query."""
    model = swapper.load_model("wagtailcore", "Page")
    above = {page.pk: _steps(page.path, model.steplen)[1:] for page in pages}
    wanted = {path for paths in above.values() for path in paths}
    titles = dict(model.objects.filter(path__in=wanted).values_list("path", "draft_title"))
    return {pk: _joined(paths, titles) for pk, paths in above.items()}


def _steps(path: str, length: int) -> list[str]:
    """The paths of a node's ancestors, the topmost first."""
    return [path[:end] for end in range(length, len(path), length)]


def _joined(paths: list[str], names: dict[str, str]) -> str:
    return SEPARATOR.join(names[path] for path in paths if path in names)
