"""Pages as the segment's page names them: only those that the user may know of, with the ways to them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import swapper
from django.urls import reverse
from wagtail.permission_policies.pages import PagePermissionPolicy

from personalization.preview import SegmentPreviewMixin


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page's title, where to edit it and where to see it as the segment's readers do; "" where one may not."""

    title: str
    edit_url: str
    preview_url: str


def page_links(segment: int, page_ids: Collection[int], user: Any) -> dict[int, PageLink]:
    """Those of the pages that are public, or that the user finds in the page explorer. A fixed number of queries."""
    editable = PagePermissionPolicy().instances_user_has_permission_for(user, "change").filter(pk__in=page_ids)
    may_edit = set(editable.values_list("pk", flat=True))
    return {
        pk: PageLink(
            page.get_admin_display_title(),
            reverse("wagtailadmin_pages:edit", args=[pk]) if pk in may_edit else "",
            reverse("personalization_segments:preview", args=[segment, pk]) if can_be_previewed(page) else "",
        )
        for pk, page in known_pages(page_ids, user).items()
    }


def known_pages(page_ids: Collection[int], user: Any) -> dict[int, Any]:
    """Page id to page, without those that the user may not know of."""
    public = swapper.load_model("wagtailcore", "Page")._default_manager.live().public().filter(pk__in=page_ids)
    explorable = PagePermissionPolicy().explorable_instances(user).filter(pk__in=page_ids)
    return {page.pk: page for page in [*public, *explorable]}


def can_be_previewed(page: Any) -> bool:
    return bool(page.live and page.specific_class and issubclass(page.specific_class, SegmentPreviewMixin))
