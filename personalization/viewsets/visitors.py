"""Visitors' data, for whoever answers for data protection: look up, export, delete."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext, gettext_lazy
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.admin.views.generic import WagtailAdminTemplateMixin
from wagtail.admin.viewsets.base import ViewSet

from personalization.operations.known import known_of
from personalization.operations.rights import (
    EXPORT_ACTION,
    FORGET_ACTION,
    export,
    forget,
    log_right,
    visitor_of_user,
)

PERMISSION = "personalization.protect_visitor"


class LookUpForm(forms.Form):
    """Whose data: a visitor's number, or an account's name or address."""

    who = forms.CharField(
        label=gettext_lazy("Visitor's number, or account"),
        max_length=254,
        help_text=gettext_lazy(
            "The number stands on the visitor's own page and in their download. "
            "An account is found by its user name or e-mail address."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_who(self) -> uuid.UUID:
        """The id of a visitor; there may be nothing stored about it."""
        who = self.cleaned_data["who"].strip()
        try:
            return uuid.UUID(who)
        except ValueError:
            return self._of_account(who)

    def _of_account(self, who: str) -> uuid.UUID:
        model = get_user_model()
        wanted = Q(**{model.USERNAME_FIELD: who}) | Q(**{f"{model.get_email_field_name()}__iexact": who})
        found = [visitor_of_user(user) for user in model._default_manager.filter(wanted)[:10]]
        known = [visitor_id for visitor_id in found if visitor_id]
        if not found:
            raise forms.ValidationError(gettext("This is no visitor's number, and no such account."))
        if len(known) != 1:
            text = (
                gettext("Several accounts have this address. Give the user name.")
                if known
                else gettext("Nothing is stored about this account.")
            )
            raise forms.ValidationError(text)
        return known[0]


class VisitorsView(WagtailAdminTemplateMixin, TemplateView):
    """One page: a search, what was found, a copy, and a deletion that asks first.

    All of it is posted: a visitor's number in an address would stay in the web server's log.
    """

    template_name = "personalization/admin/visitors.html"
    page_title = gettext_lazy("Visitors' data")
    header_icon = "user"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        response = super().dispatch(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        return [*self.breadcrumbs_items, {"url": "", "label": self.get_page_title()}]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=LookUpForm()))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = LookUpForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form))
        visitor_id, action = form.cleaned_data["who"], request.POST.get("action", "")
        user: Any = request.user
        if action == "export" and (found := export(visitor_id)):
            log_right(EXPORT_ACTION, visitor_id, user)
            response = JsonResponse(found, json_dumps_params={"indent": 2, "ensure_ascii": False})
            response["Content-Disposition"] = 'attachment; filename="visitor.json"'
            return response
        if action == "forget" and forget(visitor_id):
            log_right(FORGET_ACTION, visitor_id, user)
            messages.success(request, gettext("Everything about this visitor is deleted."))
            return redirect(reverse("personalization_visitors:index"))
        context = self.get_context_data(form=form, is_asked=action == "ask", is_looked_up=True)
        return self.render_to_response(context | {"known": known_of(visitor_id, request), "visitor_id": visitor_id})


class VisitorsMenuItem(MenuItem):
    """Shown to whoever may look."""

    def is_shown(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PERMISSION))


class VisitorsViewSet(ViewSet):
    """The page and its place in the menu."""

    name = "personalization_visitors"
    url_prefix = "affinity/visitors"
    icon = "user"
    menu_label = gettext_lazy("Visitors' data")
    menu_item_class = VisitorsMenuItem

    def get_urlpatterns(self) -> list[Any]:
        return [path("", VisitorsView.as_view(), name="index")]
