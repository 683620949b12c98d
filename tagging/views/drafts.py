""" "Suggest for this draft": the text as it stands in the editor's form goes to a worker; nothing of it is stored.

The form is posted whole, as for Wagtail's preview, and made into a page in memory. The panel then asks for the
answer, which is forgotten as it is given.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

import swapper
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDictKeyError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from wagtail.admin.views.pages.preview import PreviewOnCreateView, PreviewOnEditView
from wagtail.models import Locale

from tagging import operations
from tagging.exceptions import EditConflict
from tagging.operations.drafts import KIND
from tagging.panels import DraftContent, draft_content
from tagging.text import extract
from tagging.types import PageText

from .draft_page import fill
from .permissions import get_editable_page
from .problems import answering_problems, problem
from .topic_questions import ask_worker, collect_answer


class DraftOfPage(PreviewOnEditView):
    """Ask what would suit a saved page as its form stands. Answers 202 with the `url` to poll."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.check_allowed()
        try:
            text = self.text()
        except MultiValueDictKeyError:
            return problem(400, "Bad Request", _("The form did not arrive as a whole. Reload the editor."))
        if text.is_empty:
            return problem(422, "No Text", _("There is no text to read yet. Write something, then ask again."))
        reading = _("A worker is reading the draft…")
        return ask_worker(request, KIND, asdict(text), "affinity_draft_answer", reading)

    def check_allowed(self) -> None:
        if self.object.permissions_for_user(self.request.user).page_locked():
            raise EditConflict(_("The page is locked. Its topics can be decided once it is unlocked."))

    def text(self) -> PageText:
        # Without what PreviewOnCreateView adds: only valid forms get it, and only a preview needs it.
        page = fill(PreviewOnEditView.get_form(self, self.request.POST))
        page.title = self.request.POST.get("title", "")  # the form got a placeholder for an empty one
        return replace(extract(page), page_id=page.pk or 0)


class DraftOfNewPage(DraftOfPage, PreviewOnCreateView):
    """Ask what would suit a page that was never saved."""

    def get_object(self) -> Any:
        parent = self.parent_page()
        model = self.content_type.model_class()
        if model not in parent.creatable_subpage_models() or not model.can_create_at(parent):
            raise PermissionDenied
        page = PreviewOnCreateView.get_object(self)
        page.locale = self.locale(parent)
        return page

    def parent_page(self) -> Any:
        parent = swapper.load_model("wagtailcore", "Page").objects.filter(pk=self.parent_object_id).first()
        if parent is None:
            raise Http404
        return parent.specific

    def locale(self, parent: Any) -> Locale:
        """The parent's; below the root of the tree, the one that the form names."""
        named = self.request.POST.get("locale") or self.request.GET.get("locale")
        found = Locale.objects.filter(language_code=named).first() if named and parent.is_root() else None
        return found or parent.locale

    def check_allowed(self) -> None:
        """Whoever may add the page may ask."""


draft_of_page = answering_problems(DraftOfPage.as_view())
draft_of_new_page = answering_problems(DraftOfNewPage.as_view())


@require_http_methods(["GET", "DELETE"])
@answering_problems
def draft_answer(request: HttpRequest, inquiry_id: UUID) -> HttpResponse:
    """The answer, once: `done`, and then `html` and `message`. DELETE: the editor does not wait any longer.

    `?page=` names the page whose decisions count; without it the page was never saved, and `?tags=` names the
    form's tag field.
    """
    if request.method == "DELETE":
        operations.withdraw(inquiry_id, request.user)
        return HttpResponse(status=204)
    page_id = request.GET.get("page", "")
    page = get_editable_page(request, int(page_id)) if page_id.isdecimal() else None

    def render(question: dict[str, Any], found: dict[str, Any]) -> dict[str, str]:
        draft = draft_content(found, page, request.user)
        context = {"draft": draft, "tag_field": request.GET.get("tags", "")}
        html = render_to_string("tagging/panel/draft.html", context, request)
        return {"html": html, "message": _message(draft)}

    return collect_answer(request, inquiry_id, render)


def _message(draft: DraftContent) -> str:
    count = len(draft.topics)
    if not count:
        return _("No further topic fits the draft as it stands.")
    found = ngettext(
        "%(count)d topic fits the draft as it stands.", "%(count)d topics fit the draft as it stands.", count
    )
    return found % {"count": count}
