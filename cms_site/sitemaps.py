"""The sitemap: every page that anybody may read, in every language."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from wagtail.contrib.sitemaps import Sitemap
from wagtail.models import Page
from wagtail.query import PageQuerySet


class PublicSitemap(Sitemap):
    def items(self) -> PageQuerySet:
        """As Wagtail's, with the other languages' trees and without pages whose expiry was not processed yet."""
        roots = self.get_wagtail_site().root_page.get_translations(inclusive=True)
        below = Q(pk__in=[])
        for root in roots:
            below |= Q(path__startswith=root.path)
        unexpired = Q(expire_at__isnull=True) | Q(expire_at__gt=timezone.now())
        pages = Page.objects.filter(below, unexpired).live().public()
        return pages.order_by("path").defer_streamfields().specific()
