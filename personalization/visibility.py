"""Which pages may be shown. One queryset decides, at read time, last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import swapper
from django.conf import settings as django_settings
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Left, Length
from django.utils import timezone
from wagtail.models import PageViewRestriction, Site

if TYPE_CHECKING:
    from django.http import HttpRequest
    from wagtail.models import Page
    from wagtail.query import PageQuerySet


def visible_pages(site_id: int, locale_id: int | None = None) -> PageQuerySet:
    """Pages that anybody may see on this site now: live, not expired, with no restriction on them or above them.

    `locale_id` None means any locale. Pages come from the site's own tree and, with
    `WAGTAIL_I18N_ENABLED`, from the trees of its root page's translations.
    """
    return served_pages(site_id, locale_id).filter(~Exists(_above(_restricted_pages())))


def served_pages(site_id: int, locale_id: int | None = None) -> PageQuerySet:
    """Pages that the site serves now to someone, restricted ones among them."""
    pages = _pages().live().filter(Q(expire_at__isnull=True) | Q(expire_at__gt=timezone.now()))
    if locale_id is not None:
        pages = pages.filter(locale_id=locale_id)
    return pages.filter(Exists(_above(_root_pages(site_id))))


def visible_ids(page_ids: Iterable[int], site_id: int, locale_id: int | None = None) -> dict[int, int]:
    """Those of `page_ids` that may be shown, each with its content type's id. One query."""
    visible = visible_pages(site_id, locale_id).filter(pk__in=list(page_ids))
    return dict(visible.values_list("pk", "content_type_id"))


def page_for_caller(page_id: int, site_id: int, request: HttpRequest) -> Page | None:
    """The page if the site serves it and this caller has passed every restriction on it; else None."""
    page: Page | None = served_pages(site_id).filter(pk=page_id).first()
    if page is None:
        return None
    if all(restriction.accept_request(request) for restriction in page.get_view_restrictions()):
        return page
    return None


def _pages() -> PageQuerySet:
    return swapper.load_model("wagtailcore", "Page")._default_manager.all()


def _root_pages(site_id: int) -> PageQuerySet:
    if getattr(django_settings, "WAGTAIL_I18N_ENABLED", False):
        keys = Site.objects.filter(pk=site_id).values("root_page__translation_key")
        return _pages().filter(translation_key__in=keys)
    return _pages().filter(sites_rooted_here=site_id)


def _restricted_pages() -> PageQuerySet:
    """Pages with a restriction of their own, and their aliases, which Wagtail serves under their source's."""
    restricted = PageViewRestriction.objects.values("page")
    aliases = _pages().filter(alias_of__in=restricted).values("pk")
    of_aliases = _pages().filter(alias_of__alias_of__in=restricted).values("pk")
    return _pages().filter(pk__in=restricted.union(aliases, of_aliases))


def _above(pages: PageQuerySet) -> PageQuerySet:
    """Those of `pages` that are the outer query's page or an ancestor of it, by treebeard's path."""
    return pages.filter(path=Left(OuterRef("path"), Length("path")))
