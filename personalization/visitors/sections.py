"""Sections of the site: the pages above a page."""

from __future__ import annotations

from collections.abc import Collection

import swapper

TOP = 3
"""The depth of a site's sections in the page tree: below Wagtail's root and the site's home page."""


def sections_of(page_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Page id → the ids of the pages above it, up to but without the home page. Pages at the top are absent."""
    page_model = swapper.load_model("wagtailcore", "Page")
    step = page_model.steplen
    paths = dict(page_model.objects.filter(pk__in=page_ids).values_list("pk", "path"))
    above = {pk: [path[:end] for end in range(TOP * step, len(path), step)] for pk, path in paths.items()}
    wanted = {path for trail in above.values() for path in trail}
    ids = dict(page_model.objects.filter(path__in=wanted).values_list("path", "pk"))
    return {pk: found for pk, trail in above.items() if (found := tuple(ids[path] for path in trail if path in ids))}
