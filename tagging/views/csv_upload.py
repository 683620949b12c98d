"""Uploading a table: the file, then what it would do line by line, then doing it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.generic import View
from wagtail.admin import messages
from wagtail.admin.views.generic.permissions import PermissionCheckedMixin

from tagging.exceptions import CsvRefused
from tagging.operations.csv_lines import CHANGED, NEW, REMOVED, SAME, Plan, decode
from tagging.tasks import wake_sweep

SHOWN = 200  # lines of the preview; all with errors are shown


class UploadForm(forms.Form):
    """A file, or on the second step what was in it."""

    file = forms.FileField(
        label=_("CSV file"), required=False, widget=forms.FileInput(attrs={"accept": ".csv,text/csv,text/plain"})
    )
    content = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("file"):
            try:
                cleaned["content"] = decode(cleaned["file"].read())
            except CsvRefused as error:
                raise forms.ValidationError({"file": str(error)}) from error
        if not self.errors and not cleaned.get("content"):
            raise forms.ValidationError({"file": _("Choose a file.")})
        return cleaned


class CsvUploadView(PermissionCheckedMixin, View):
    """GET: the form. POST with a file: the preview. POST with its content and `apply`: done.

    Nothing is kept between the steps: the table goes to the browser and back.
    """

    form_class: type[UploadForm] = UploadForm
    index_url_name = ""
    index_label: Any = ""
    page_title: Any = ""
    help_template = ""
    all_or_nothing = True

    def plan(self, data: dict[str, Any]) -> Plan[Any]:
        """What the uploaded lines would do, and what is wrong with them; each subclass reads its own columns."""
        raise NotImplementedError

    def apply(self, plan: Plan[Any]) -> str:
        """Do what was planned; returns what to tell the user. Each subclass writes its own rows."""
        raise NotImplementedError

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._page("tagging/csv/upload.html", form=self.form_class())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form_class(request.POST, request.FILES)
        if not form.is_valid():
            return self._page("tagging/csv/upload.html", form=form)
        try:
            plan = self.plan(form.cleaned_data)
            if "apply" in request.POST and self.can_apply(plan):
                messages.success(request, self.apply(plan))
                wake_sweep()
                return redirect(reverse(self.index_url_name))
        except CsvRefused as error:
            form.add_error("file", str(error))
            return self._page("tagging/csv/upload.html", form=form)
        return self._preview(form, plan)

    def can_apply(self, plan: Plan[Any]) -> bool:
        has_work = bool(plan.with_action(NEW, CHANGED, REMOVED))
        return has_work and not (self.all_or_nothing and plan.errors)

    def _preview(self, form: UploadForm, plan: Plan[Any]) -> HttpResponse:
        right = plan.with_action(NEW, CHANGED, REMOVED)
        options = {name: value for name, value in form.cleaned_data.items() if name not in ("file", "content")}
        return self._page(
            "tagging/csv/preview.html",
            content=form.cleaned_data["content"],
            options=[name for name, value in options.items() if value],
            plan=plan,
            lines=right[:SHOWN],
            more=max(len(right) - SHOWN, 0),
            same=len(plan.with_action(SAME)),
            can_apply=self.can_apply(plan),
        )

    def _page(self, template: str, **context: Any) -> HttpResponse:
        index_url = reverse(self.index_url_name)
        furniture = {
            "breadcrumbs_items": [
                {"url": index_url, "label": self.index_label},
                {"url": "", "label": self.page_title},
            ],
            "header_icon": "upload",
            "header_title": self.page_title,
            "help_template": self.help_template,
            "all_or_nothing": self.all_or_nothing,
            "index_url": index_url,
        }
        return TemplateResponse(self.request, template, furniture | context)
