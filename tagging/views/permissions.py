"""Which pages of an admin listing a user may see, and a page that the user may edit."""

from __future__ import annotations

from typing import Any

import swapper
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from wagtail.permission_policies.pages import PagePermissionPolicy


def editable_pages(user: Any) -> QuerySet[Any]:
    """The pages that a user may change."""
    pages: QuerySet[Any] = page_policy().instances_user_has_permission_for(user, "change")
    return pages


def page_policy() -> PagePermissionPolicy:
    """Wagtail's rules for the site's base page model."""
    return PagePermissionPolicy(swapper.load_model("wagtailcore", "Page"))


def get_editable_page(request: HttpRequest, page_id: int) -> Any:
    """The page, if this user may edit it. Raises Http404 or PermissionDenied."""
    page = get_object_or_404(swapper.load_model("wagtailcore", "Page"), pk=page_id)
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    return page.specific
