"""The filter columns of page vectors: copies of what Wagtail knows, so that searches filter inside the scan."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import swapper
from django.conf import settings as django_settings
from django.db.models import QuerySet
from wagtail.models import PageViewRestriction, Site

from tagging.models import PageVector

WRITE_BATCH = 500


@dataclass(frozen=True, slots=True)
class FilterColumns:
    """What searches filter on, as Wagtail has it now."""

    is_live: bool
    is_public: bool
    locale_id: int
    site_id: int | None
    content_type_id: int
    first_published_at: datetime | None


class PageFacts:
    """Reads privacy and sites once, then tells the filter columns of any number of pages."""

    def __init__(self) -> None:
        self._private_paths = tuple(_private_paths())
        self._site_paths = _site_paths()

    def columns(self, page: Any) -> FilterColumns:
        """The columns of a base or specific page."""
        return FilterColumns(
            is_live=page.live,
            is_public=not page.path.startswith(self._private_paths),
            locale_id=page.locale_id,
            site_id=next((site for path, site in self._site_paths if page.path.startswith(path)), None),
            content_type_id=page.content_type_id,
            first_published_at=page.first_published_at,
        )


def refresh_filters(page_ids: Collection[int] | None = None, *, below: Iterable[str] = ()) -> int:
    """Bring the filter columns of pages up to date; returns how many rows had to change.

    `below` holds tree paths: everything under them is refreshed as well. With neither, the whole site is.
    """
    rows = _vectors(page_ids, below).defer("embedding").select_related("page")
    facts: PageFacts | None = None
    changed = []
    for row in rows.iterator(chunk_size=2000):
        facts = facts or PageFacts()
        columns = asdict(facts.columns(row.page))
        if any(getattr(row, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(row, name, value)
            changed.append(row)
    PageVector.objects.bulk_update(changed, [name.removesuffix("_id") for name in FIELDS], batch_size=WRITE_BATCH)
    return len(changed)


def refresh_privacy(page_id: int) -> int:
    """Bring up to date what a restriction of this page decides: everything below it and below its aliases."""
    page_model = swapper.load_model("wagtailcore", "Page")
    paths = page_model.objects.filter(pk__in=_with_aliases({page_id})).values_list("path", flat=True)
    return refresh_filters([], below=paths)


FIELDS = tuple(FilterColumns.__dataclass_fields__)


def _vectors(page_ids: Collection[int] | None, below: Iterable[str]) -> QuerySet[PageVector]:
    paths = list(below)
    if page_ids is None and not paths:
        return PageVector.objects.all()
    rows = PageVector.objects.filter(page_id__in=page_ids or [])
    for path in paths:
        rows |= PageVector.objects.filter(page__path__startswith=path)
    return rows


def _private_paths() -> set[str]:
    """Tree paths at and below which nothing is public. An alias is as private as its source."""
    page_model = swapper.load_model("wagtailcore", "Page")
    private = _with_aliases(set(PageViewRestriction.objects.values_list("page_id", flat=True)))
    return set(page_model.objects.filter(pk__in=private).values_list("path", flat=True))


def _with_aliases(page_ids: set[int]) -> set[int]:
    page_model = swapper.load_model("wagtailcore", "Page")
    everything, found = set(page_ids), set(page_ids)
    while found:
        found = set(page_model.objects.filter(alias_of__in=found).values_list("pk", flat=True)) - everything
        everything |= found
    return everything


def _site_paths() -> list[tuple[str, int]]:
    """(tree path of a site's root or of a translation of it, site id), longest path and default site first."""
    page_model = swapper.load_model("wagtailcore", "Page")
    paths: list[tuple[str, bool, int]] = []
    for site in Site.objects.select_related("root_page"):
        roots = page_model.objects.filter(pk=site.root_page_id)
        if getattr(django_settings, "WAGTAIL_I18N_ENABLED", False):
            roots = site.root_page.get_translations(inclusive=True)
        paths += [(path, site.is_default_site, site.pk) for path in roots.values_list("path", flat=True)]
    return [(path, pk) for path, _, pk in sorted(paths, key=lambda root: (-len(root[0]), not root[1], root[2]))]
