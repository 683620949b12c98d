"""Who sees reports."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from wagtail.admin.menu import MenuItem
from wagtail.permission_policies import ModelPermissionPolicy

from personalization.models import Placement

ANY = ("add", "change", "delete", "view")
POLICY = ModelPermissionPolicy(Placement)


def may_see(user: Any) -> bool:
    """Whoever may do anything with placements."""
    return bool(POLICY.user_has_any_permission(user, ANY))


class ReportMenuItem(MenuItem):
    """Shown to whoever may open the report."""

    def is_shown(self, request: HttpRequest) -> bool:
        return may_see(request.user)
