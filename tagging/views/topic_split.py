"""Some pages of a topic go to a new one, which the editor names; which ones is proposed."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.log_actions import log

from tagging import operations
from tagging.models import Topic

from .permissions import editable_pages
from .topic_form import TopicForm
from .topic_moves import SPLIT, Move, start
from .topic_tools import TopicToolView

FIELDS = ("name", "parent", "description", "synonyms")


class TopicSplitView(TopicToolView):
    """GET: a proposal. POST: make the topic and move the ticked pages."""

    template_name = "tagging/topics/split.html"
    page_title = gettext_lazy("Split")
    permissions_required = ("add", "change")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = TopicForm(initial={"parent": self.topic.get_parent()})
        ticked = {pk for pk, _title in self.division.leaving.pages} if self.division else set()
        return self.show(form, ticked)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = TopicForm(request.POST)
        allowed = self.division.pages if self.division else frozenset()
        ticked = {int(pk) for pk in request.POST.getlist("pages") if pk.isdecimal()} & allowed
        if not ticked:
            form.add_error(None, _("Tick at least one page for the new topic."))
        if not form.is_valid():
            return self.show(form, ticked)
        new = self._create(form)
        pages = sorted(ticked)
        return start(request, Move(SPLIT, self.topic.pk, new.pk, self.topic.name, new.name, len(pages), pages=pages))

    @cached_property
    def division(self) -> operations.Division | None:
        return operations.propose_split(self.topic, editable_pages(self.request.user))

    def show(self, form: TopicForm, ticked: set[int]) -> HttpResponse:
        fields = [form[name] for name in FIELDS]
        context = self.get_context_data(form=form, fields=fields, division=self.division, ticked=ticked)
        return self.render_to_response(context | {"media": context.get("media", form.media) + form.media})

    @transaction.atomic
    def _create(self, form: TopicForm) -> Topic:
        new = form.save()
        log(instance=new, action="wagtail.create", user=self.request.user)
        operations.split_off(new, self.topic, self.request.user)
        return new
