"""Which pages of an admin listing a user may see, and a page that the user may edit."""

from __future__ import annotations

from typing import Any

import swapper
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from wagtail.models import Revision, WorkflowState
from wagtail.permission_policies.pages import PagePermissionPolicy

MAY_EDIT = ["add", "change"]
"""Who has one of these permissions on some page may edit pages: those may be only the user's own."""


def editable_pages(user: Any) -> QuerySet[Any]:
    """The pages that a user may change."""
    pages: QuerySet[Any] = page_policy().instances_user_has_permission_for(user, "change")
    return pages


def unlocked_pages(user: Any) -> QuerySet[Any]:
    """The pages that a user may change and that no lock of Wagtail's keeps from being changed.

    The number of queries does not depend on the number of pages: whom a workflow's task locks out is asked
    once a task. A task of one's own that tells page from page is asked again when a decision is made.
    """
    is_free = Q(locked=False)
    if not getattr(settings, "WAGTAILADMIN_GLOBAL_EDIT_LOCK", None):
        is_free |= Q(locked_by=user)
    scheduled = Revision.page_revisions.filter(approved_go_live_at__isnull=False)
    pages = editable_pages(user).filter(is_free)
    return pages.exclude(pk__in=_page_ids(scheduled)).exclude(pk__in=_page_ids(_in_moderation(user)))


def _in_moderation(user: Any) -> QuerySet[WorkflowState]:
    """The workflows of pages that only the reviewers of a task may change, where the user is none."""
    pages = ContentType.objects.get_for_model(swapper.load_model("wagtailcore", "Page"))
    going_on = WorkflowState.objects.filter(base_content_type=pages, status=WorkflowState.STATUS_IN_PROGRESS)
    one_a_task = going_on.order_by("current_task_state__task").distinct("current_task_state__task")
    locking = [
        state.current_task_state.task_id
        for state in one_a_task.select_related("current_task_state__task")
        if state.current_task_state
        and state.current_task_state.task.specific.locked_for_user(state.content_object, user)
    ]
    locked: QuerySet[WorkflowState] = going_on.filter(current_task_state__task__in=locking)
    return locked


def _page_ids(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The pages that revisions or workflows are about: Wagtail keeps their ids as text."""
    ids: QuerySet[Any] = rows.annotate(page_pk=Cast("object_id", BigIntegerField())).values("page_pk")
    return ids


def page_policy() -> PagePermissionPolicy:
    """Wagtail's rules for the site's base page model."""
    return PagePermissionPolicy(swapper.load_model("wagtailcore", "Page"))


def get_editable_page(request: HttpRequest, page_id: int) -> Any:
    """The page, if this user may edit it. Raises Http404 or PermissionDenied."""
    page = get_object_or_404(swapper.load_model("wagtailcore", "Page"), pk=page_id)
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    return page.specific
