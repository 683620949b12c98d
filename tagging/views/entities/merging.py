"""Merging two entities, and undoing it."""

from __future__ import annotations

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.utils import get_valid_next_url_from_request
from wagtail.permissions import policy_registry

from tagging.exceptions import CannotMerge
from tagging.models import Entity
from tagging.operations import entities
from tagging.tasks import wake_sweep

from .chooser import entity_chooser_viewset
from .editing import back_to, edit_url


class TargetForm(forms.Form):
    """What to merge into."""

    target = forms.ModelChoiceField(
        label=_("Merge into"),
        queryset=Entity.objects.filter(canonical__isnull=True),
        widget=entity_chooser_viewset.widget_class,
        help_text=_("This name, its topic and its Wikidata id stay."),
    )


def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose what an entity is to be merged into."""
    source = _changeable(request, pk)
    if source.canonical:
        return back_to(source)
    form = TargetForm(request.POST or None)
    if form.is_valid() and (done := _try_merge(request, source, form.cleaned_data["target"], form)):
        return done
    items = [
        {"url": reverse("affinity_entities:index"), "label": gettext("Entities")},
        {"url": edit_url(source), "label": source.name},
        {"url": "", "label": gettext("Merge")},
    ]
    context = {
        "form": form,
        "media": form.media,
        "object": source,
        "breadcrumbs_items": items,
        "header_icon": "affinity-entities",
        "header_title": gettext("Merge “%s”") % source,
        "page_title": gettext("Merge"),
        "page_count": source.pages.count(),
    }
    return TemplateResponse(request, "tagging/entities/merge.html", context)


@require_POST
def merge_into(request: HttpRequest, pk: int, target_id: int) -> HttpResponse:
    """Merge at once; what was proposed on the target's page."""
    source, target = _changeable(request, pk), get_object_or_404(Entity, pk=target_id)
    return _try_merge(request, source, target) or back_to(target)


@require_POST
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a merge."""
    source = _changeable(request, pk)
    target = source.canonical
    if entities.split(source, request.user):
        wake_sweep()
        message = gettext("“%(source)s” is a name of its own again.") % {"source": source}
        messages.success(request, message, buttons=[messages.button(edit_url(source), source.name)])
    return redirect(get_valid_next_url_from_request(request) or edit_url(target or source))


def _try_merge(
    request: HttpRequest, source: Entity, target: Entity, form: forms.Form | None = None
) -> HttpResponse | None:
    """Merge, and go to what it was merged into; None where that cannot be, and the user is told why."""
    try:
        root = entities.merge(source, target, request.user).target
    except CannotMerge as error:
        if form:
            form.add_error("target", str(error))
        else:
            messages.error(request, str(error))
        return None
    wake_sweep()
    messages.success(request, _with_undo(gettext("“%(source)s” is a name of “%(target)s” now."), source, root))
    return redirect(edit_url(root))


def _with_undo(message: str, source: Entity, target: Entity) -> str:
    # As Wagtail's own messages have it: a button that posts.
    return format_html(
        '{} <span class="buttons"><button type="button" class="button button-small button-secondary"'
        ' data-controller="w-action" data-action="w-action#post" data-w-action-url-value="{}">{}</button></span>',
        message % {"source": source, "target": target},
        reverse("affinity_entities:split", args=[source.pk]),
        gettext("Undo"),
    )


def _changeable(request: HttpRequest, pk: int) -> Entity:
    if not policy_registry.get_by_type(Entity).user_has_permission(request.user, "change"):
        raise PermissionDenied
    return get_object_or_404(Entity.objects.select_related("canonical"), pk=pk)
