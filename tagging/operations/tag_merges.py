"""Merging one tag into another, page by page, and taking it back.

Permissions are the caller's job. A merge that is broken off goes on with its next step; one that cannot be
finished, because a page is locked, keeps both tags until it is tried again or undone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import swapper
from django.contrib.contenttypes.models import ContentType
from django.core import serializers
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from wagtail.locks import ScheduledForPublishLock
from wagtail.log_actions import log

from tagging.exceptions import EditConflict
from tagging.models import MergedPage, TagMerge

from .decisions import refuse_if_locked
from .storage import lock_page
from .tag_field import swap_tag
from .tag_revisions import point_back, repoint
from .tag_rows import move_rows, move_rows_back
from .tag_uses import is_used, pages_with

STEP = 20  # pages at a time: a second or two
SHOWN_PROBLEMS = 20
State = TagMerge.State
UNFINISHED = (State.MERGING, State.STUCK, State.UNDOING)


@dataclass(frozen=True, slots=True)
class MergeProgress:
    """How many pages are done and left; `problems` of them could not be changed."""

    merge: TagMerge
    done: int
    left: int
    problems: int

    @property
    def total(self) -> int:
        return self.done + self.left

    @property
    def some_problems(self) -> list[MergedPage]:
        """The first pages that could not be changed, each with the reason."""
        return list(self.merge.pages.exclude(problem="").select_related("page__locale")[:SHOWN_PROBLEMS])


def start_merge(source: Any, target: Any, user: Any) -> TagMerge:
    """Begin to merge `source` into `target`, another tag of the same model; `step_merge` does the work.

    Raises EditConflict where one of them is being merged with another.
    """
    with transaction.atomic():
        model = ContentType.objects.get_for_model(source)
        begun = TagMerge.objects.filter(tag_model=model, source_key=source.pk, target_key=target.pk)
        if merge := begun.filter(state__in=[State.MERGING, State.STUCK]).first():
            return retry_merge(merge.pk)
        keys = [str(source.pk), str(target.pk)]
        others = TagMerge.objects.filter(Q(source_key__in=keys) | Q(target_key=source.pk), tag_model=model)
        if source.pk == target.pk or others.filter(state__in=UNFINISHED).exists():
            raise EditConflict(_("“%(tag)s” is being merged. Wait until that is finished.") % {"tag": source.name})
        return _create(source, target, user)


def delete_unused_tag(tag: Any, user: Any) -> TagMerge:
    """Delete a tag that nothing has. It can be undone as a merge can. Raises EditConflict where it is in use."""
    with transaction.atomic():
        if is_used(tag):
            raise EditConflict(_("“%(tag)s” is in use by now. Reload the report.") % {"tag": tag.name})
        merge = _create(tag, None, user, State.MERGED)
        log(instance=tag, action="tagging.delete_tag", user=user, data={"tag": tag.name}, deleted=True)
        tag.delete()
        return merge


def retry_merge(merge_id: int) -> TagMerge:
    """Let a merge that got stuck try the pages again that could not be changed."""
    with transaction.atomic():
        merge = _locked(merge_id)
        if merge.state == State.STUCK:
            merge.pages.exclude(problem="").delete()
            _set_state(merge, State.MERGING)
        return merge


def undo_merge(merge_id: int, user: Any) -> TagMerge:
    """Begin to undo: the tag is there again; `step_merge` puts it back on its pages.

    Raises EditConflict where the remaining tag is gone, or another tag has the name by now.
    """
    with transaction.atomic():
        merge = _locked(merge_id)
        if merge.state not in (State.MERGED, State.STUCK, State.MERGING):
            return merge
        target = _tag(merge, merge.target_key)
        if target is None and not merge.is_deletion:
            message = _("“%(tag)s” is gone. If it was merged, undo that first.")
            raise EditConflict(message % {"tag": merge.target_name})
        _restore(merge)
        log(instance=target or _source(merge), action="tagging.unmerge_tag", user=user, data=_log_data(merge))
        merge.pages.exclude(problem="").delete()
        _set_state(merge, State.UNDOING)
        if merge.is_deletion:
            _set_state(merge, State.UNDONE)
        return merge


def step_merge(merge_id: int, user: Any, limit: int = STEP) -> MergeProgress:
    """Do the next pages of a merge or of its undoing; where none is left, finish it. One transaction."""
    with transaction.atomic():
        merge = _locked(merge_id)
        if merge.state == State.MERGING:
            _merge_pages(merge, user, limit)
        elif merge.state == State.UNDOING:
            _unmerge_pages(merge, user, limit)
        return merge_progress(merge)


def merge_progress(merge: TagMerge) -> MergeProgress:
    """How far a merge has come."""
    problems = merge.pages.exclude(problem="").count()
    if merge.state == State.UNDOING:
        return MergeProgress(merge, 0, merge.pages.filter(problem="").count(), problems)
    left = len(_pending(merge)) if merge.state == State.MERGING else 0
    return MergeProgress(merge, merge.pages.count(), left, problems)


def recent_merges(tag_models: Iterable[type[Any]], limit: int) -> list[MergeProgress]:
    """Every merge that is not finished, then the last ones that are, merges and deletions alike."""
    types = ContentType.objects.get_for_models(*tag_models).values()
    merges = TagMerge.objects.filter(tag_model__in=types).select_related("tag_model", "merged_by")
    finished = merges.exclude(state__in=UNFINISHED).annotate(
        page_count=Count("pages"), problem_count=Count("pages", filter=~Q(pages__problem=""))
    )
    return [
        *(merge_progress(merge) for merge in merges.filter(state__in=UNFINISHED)),
        *(MergeProgress(merge, merge.page_count, 0, merge.problem_count) for merge in finished[:limit]),
    ]


def _merge_pages(merge: TagMerge, user: Any, limit: int) -> None:
    source, target = _source(merge), _tag(merge, merge.target_key)
    if source is None or target is None:  # somebody deleted it: there is nothing to be done, or nothing to do it with
        _set_state(merge, State.MERGED)
        return
    for page_id in _pending(merge)[:limit]:
        _merge_page(merge, page_id, source, target, user)
    if _pending(merge):
        return
    if merge.pages.exclude(problem="").exists():
        _set_state(merge, State.STUCK)
        return
    merge.rows = move_rows(source, target)
    merge.state = State.MERGED
    merge.save(update_fields=["rows", "state"])
    log(instance=target, action="tagging.merge_tag", user=user, data=_log_data(merge))
    source.delete()


def _merge_page(merge: TagMerge, page_id: int, source: Any, target: Any, user: Any) -> None:
    row = MergedPage(merge=merge, page_id=page_id)
    try:
        with transaction.atomic():
            page = lock_page(page_id)
            if page is None:
                return
            if _may_change(page, user):
                row.met = swap_tag(page, source, target, user)
            row.revisions, row.revisions_with_both = repoint(page, source, target)
            log(instance=page.specific, action="tagging.merge_tag", user=user, data=_log_data(merge))
    except EditConflict as conflict:
        row = MergedPage(merge=merge, page_id=page_id, problem=str(conflict))
    row.save()


def _unmerge_pages(merge: TagMerge, user: Any, limit: int) -> None:
    source, target = _source(merge), _tag(merge, merge.target_key)
    if source is not None and target is not None:
        for row in merge.pages.filter(problem="").order_by("pk")[:limit]:
            _unmerge_page(merge, row, source, target, user)
        if merge.pages.filter(problem="").exists():
            return
        move_rows_back(merge.rows, target, source)
    _set_state(merge, State.UNDONE)


def _unmerge_page(merge: TagMerge, row: MergedPage, source: Any, target: Any, user: Any) -> None:
    try:
        with transaction.atomic():
            page = lock_page(row.page_id)
            point_back(page, target, source, row.revisions, row.revisions_with_both)
            if _may_change(page, user) and row.met:
                swap_tag(page, target, source, user, undoing=row.met)
            log(instance=page.specific, action="tagging.unmerge_tag", user=user, data=_log_data(merge))
            row.delete()
    except EditConflict as conflict:
        MergedPage.objects.filter(pk=row.pk).update(problem=str(conflict))


def _may_change(page: Any, user: Any) -> bool:
    """Whether a page gets a new version. One that waits for its hour does not: its versions alone are changed.

    Raises EditConflict where somebody has locked it.
    """
    if isinstance(page.get_lock(), ScheduledForPublishLock):
        return False
    refuse_if_locked(page, user)
    return True


def _pending(merge: TagMerge) -> list[int]:
    """The pages that still have the tag. Aliases follow their sources; the rows of both are moved at the end."""
    source = _source(merge)
    if source is None:
        return []
    pages = swapper.load_model("wagtailcore", "Page").objects.filter(alias_of__isnull=True, pk__in=pages_with(source))
    return list(pages.exclude(pk__in=merge.pages.values("page_id")).order_by("pk").values_list("pk", flat=True))


def _create(source: Any, target: Any, user: Any, state: str = State.MERGING) -> TagMerge:
    return TagMerge.objects.create(
        tag_model=ContentType.objects.get_for_model(source),
        source_key=source.pk,
        source_name=source.name,
        source_fields=json.loads(serializers.serialize("json", [source])),
        target_key=target.pk if target else "",
        target_name=target.name if target else "",
        state=state,
        merged_by=user,
    )


def _restore(merge: TagMerge) -> None:
    """Bring the merged tag back, with the id by which old versions know it."""
    if _source(merge) is not None:
        return
    try:
        with transaction.atomic():
            for item in serializers.deserialize("python", merge.source_fields):
                item.save()
    except IntegrityError as error:
        message = _("There is a tag “%(tag)s” again. Merge or rename that one first.")
        raise EditConflict(message % {"tag": merge.source_name}) from error


def _locked(merge_id: int) -> TagMerge:
    return TagMerge.objects.select_for_update(of=("self",)).select_related("tag_model").get(pk=merge_id)


def _source(merge: TagMerge) -> Any:
    return _tag(merge, merge.source_key)


def _tag(merge: TagMerge, key: str) -> Any:
    return merge.model._default_manager.filter(pk=key).first() if key else None


def _set_state(merge: TagMerge, state: str) -> None:
    merge.state = state
    merge.save(update_fields=["state"])


def _log_data(merge: TagMerge) -> dict[str, str]:
    return {"tag": merge.source_name, "into": merge.target_name}
