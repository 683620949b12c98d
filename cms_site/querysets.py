"""Which articles readers may see, and how lists fetch them."""

from __future__ import annotations

from typing import Self

from django.db.models import Q
from django.utils import timezone
from wagtail.query import PageQuerySet


class ArticleQuerySet(PageQuerySet):
    def readable(self) -> Self:
        """Live, not expired even where the expiry task has not run yet, and without view restrictions."""
        now = timezone.now()
        unexpired = Q(expire_at__isnull=True) | Q(expire_at__gt=now)
        return self.live().public().filter(unexpired)

    def newest(self) -> Self:
        return self.order_by("-date", "-first_published_at", "-pk")

    def for_list(self) -> Self:
        """All that a list shows of an article, in a fixed number of queries; bodies stay in the database."""
        related = self.select_related("locale", "lead_image").prefetch_related("lead_image__renditions")
        return related.defer("body")
