"""What the buttons of the tag report do: merge, delete, ignore, undo, step by step."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from wagtail.admin import messages

from tagging import operations
from tagging.exceptions import EditConflict
from tagging.models import MergedPage, TagMerge
from tagging.operations import Finding

from . import tags
from .problems import answering_problems
from .tags import changeable_models, may, out_of_reach, report_url

State = TagMerge.State


@require_POST
def merge(request: HttpRequest) -> HttpResponse:
    """Merge the tags of a finding into the one to keep: `keep` is its id, or "" for a tag to be made."""
    model, finding = _posted(request)
    if finding is not None:
        try:
            _merge(request, model, finding)
        except EditConflict as conflict:
            messages.error(request, str(conflict))
    return redirect(_back(request, model))


@require_POST
def delete(request: HttpRequest) -> HttpResponse:
    """Delete unused tags, by the keys of their findings."""
    model = _model(request)
    if not may(request.user, "delete", model):
        raise PermissionDenied
    keys = set(request.POST.getlist("key"))
    orphans = operations.tag_report(model).findings.get("orphan", [])
    deleted = 0
    for finding in orphans:
        if finding.key in keys:
            try:
                operations.delete_unused_tag(finding.uses[0].tag, request.user)
            except EditConflict as conflict:
                messages.error(request, str(conflict))
            else:
                deleted += 1
    if deleted:
        text = ngettext("Deleted %(count)d unused tag.", "Deleted %(count)d unused tags.", deleted)
        messages.success(request, text % {"count": deleted})
    return redirect(_back(request, model))


@require_POST
def ignore(request: HttpRequest) -> HttpResponse:
    """Put a finding away."""
    model, finding = _posted(request)
    if finding is not None:
        operations.ignore_finding(model, finding, request.user)
        messages.success(request, _("Ignored %(tags)s. It is among the ignored findings.") % {"tags": finding.names})
    return redirect(_back(request, model))


@require_POST
def heed(request: HttpRequest) -> HttpResponse:
    """Show a finding again that was put away."""
    model, finding = _posted(request)
    if finding is not None:
        operations.heed_finding(model, finding, request.user)
        messages.success(request, _("%(tags)s will be shown again.") % {"tags": finding.names})
    return redirect(_back(request, model))


@require_POST
@answering_problems
def step(request: HttpRequest, merge_id: int) -> HttpResponse:
    """The next pages of a merge, or of its undoing: {"done", "left", "running"}."""
    found = _merge_of(request, merge_id)
    progress = operations.step_merge(found.pk, request.user)
    answer = {"done": progress.done, "left": progress.left, "running": progress.merge.is_running}
    return JsonResponse(answer)


@require_POST
def undo(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Bring a merged or deleted tag back, on the pages that it was on."""
    found = _merge_of(request, merge_id)
    pages = MergedPage.objects.filter(merge=found, problem="").values_list("page_id", flat=True)
    try:
        _refuse_out_of_reach(request, found.target_name, pages)
        operations.undo_merge(found.pk, request.user)
        _step(request, found)
    except EditConflict as conflict:
        messages.error(request, str(conflict))
    return redirect(report_url(found.model))


@require_POST
def retry(request: HttpRequest, merge_id: int) -> HttpResponse:
    """Try the pages again that could not be changed."""
    found = _merge_of(request, merge_id)
    operations.retry_merge(found.pk)
    _step(request, found)
    return redirect(report_url(found.model))


def _merge(request: HttpRequest, model: type[Any], finding: Finding) -> None:
    """Begin, and do what can be done at once; the page does the rest, step by step."""
    kept = next((use.tag for use in finding.uses if str(use.tag.pk) == request.POST.get("keep")), None)
    losing = [use.tag for use in finding.uses if kept is None or use.tag.pk != kept.pk]
    if kept is None and not finding.new_name:
        raise EditConflict(_("Choose the tag to keep."))
    for tag in losing:
        _refuse_out_of_reach(request, tag.name, operations.pages_with(tag))
    kept = kept or model._default_manager.create(name=finding.new_name)
    for begun in [operations.start_merge(tag, kept, request.user) for tag in losing]:
        _step(request, begun)


def _step(request: HttpRequest, begun: TagMerge) -> None:
    merge = operations.step_merge(begun.pk, request.user).merge
    said = {
        State.MERGED: _("Merged “%(tag)s” into “%(into)s”."),
        State.UNDONE: _("“%(tag)s” is back."),
    }
    if merge.state in said:
        text = said[State(merge.state)]
        messages.success(request, text % {"tag": merge.source_name, "into": merge.target_name})
    elif merge.state == State.STUCK:
        messages.warning(request, _("“%(tag)s” could not be merged on every page.") % {"tag": merge.source_name})


def _refuse_out_of_reach(request: HttpRequest, name: str, page_ids: Any) -> None:
    count = out_of_reach(request.user, page_ids)
    if count:
        text = ngettext(
            "Nothing was changed: “%(tag)s” is on %(count)d page that you may not edit. Ask somebody who may.",
            "Nothing was changed: “%(tag)s” is on %(count)d pages that you may not edit. Ask somebody who may.",
            count,
        )
        raise EditConflict(text % {"tag": name, "count": count})


def _posted(request: HttpRequest) -> tuple[type[Any], Finding | None]:
    model = _model(request)
    finding = operations.find_finding(model, request.POST.get("key", ""))
    if finding is None:
        messages.warning(request, _("These tags have changed meanwhile. Nothing was done."))
    return model, finding


def _model(request: HttpRequest) -> type[Any]:
    """The tag model that was sent, if this user may change its tags."""
    allowed = changeable_models(request.user)
    model = next((model for model in allowed if model._meta.label == request.POST.get("model")), None)
    if model is None:
        raise PermissionDenied
    return model


def _merge_of(request: HttpRequest, merge_id: int) -> TagMerge:
    found = get_object_or_404(TagMerge.objects.select_related("tag_model"), pk=merge_id)
    if found.model not in changeable_models(request.user):
        raise PermissionDenied
    return found


def _back(request: HttpRequest, model: type[Any]) -> str:
    """The list that the button was in."""
    kind = request.POST.get("list", "")
    if kind == "ignored":
        return report_url(model, ignored=1)
    return report_url(model, kind=kind) if kind in operations.KINDS else report_url(model)


urlpatterns = [
    path("", tags.TagReportView.as_view(), name="index"),
    path("merge/", merge, name="merge"),
    path("delete/", delete, name="delete"),
    path("ignore/", ignore, name="ignore"),
    path("heed/", heed, name="heed"),
    path("merges/<int:merge_id>/step/", step, name="step"),
    path("merges/<int:merge_id>/undo/", undo, name="undo"),
    path("merges/<int:merge_id>/retry/", retry, name="retry"),
]
