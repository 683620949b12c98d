"""A topic is merged into another one, once the editor has seen what that does."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tagging import operations
from tagging.models import Suggestion, Topic
from tagging.operations.storage import OPEN_STATES

from .permissions import editable_pages
from .topic_form import ParentField
from .topic_moves import MERGE, Move, start
from .topic_tools import TopicToolView


class MergeForm(forms.Form):
    """Into which topic, and whether its words go along."""

    into = ParentField(
        label=gettext_lazy("Merge into"),
        queryset=Topic.objects.none(),
        help_text=gettext_lazy("The topic that stays. Choose one to see what the merge would do."),
    )
    keep_words = forms.BooleanField(
        label=gettext_lazy("Keep the name and synonyms as synonyms of the topic that stays"),
        required=False,
        initial=True,
    )

    def __init__(self, topic: Topic, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others = Topic.objects.exclude(pk=topic.pk).order_by("path")
        cast(ParentField, self.fields["into"]).queryset = self.others


class TopicMergeView(TopicToolView):
    """GET: choose; GET with `?into=ID`: what it would do. POST: do it."""

    template_name = "tagging/topics/merge.html"
    page_title = gettext_lazy("Merge")
    permissions_required = ("change", "delete")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = MergeForm(self.topic, initial={"into": request.GET.get("into", "")})
        chosen = request.GET.get("into", "")
        target = form.others.filter(pk=chosen).first() if chosen.isdecimal() else None
        return self.render_to_response(self.get_context_data(form=form, target=target))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = MergeForm(self.topic, request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form, target=None))
        target = form.cleaned_data["into"]
        if obstacles := self.obstacles(operations.preview_merge(self.topic, target)):
            messages.error(request, " ".join(obstacles))
            return self.render_to_response(self.get_context_data(form=form, target=target))
        total = self.topic.suggestions.count()
        words = form.cleaned_data["keep_words"]
        return start(request, Move(MERGE, self.topic.pk, target.pk, self.topic.name, target.name, total, words))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        if target := context["target"]:
            preview = operations.preview_merge(self.topic, target)
            context |= {"preview": preview, "obstacles": self.obstacles(preview)}
        return context

    def obstacles(self, preview: operations.MergePreview) -> list[str]:
        """Why this user cannot merge the topic now, each with what to do about it."""
        found = []
        if preview.users:
            message = _("“%(topic)s” is used by %(users)s. Choose another topic there first.")
            users = ", ".join(f"“{user}”" for user in preview.users)
            found.append(message % {"topic": self.topic, "users": users})
        if foreign := self._decided_elsewhere():
            message = ngettext(
                "It was decided on %(count)d page that you may not edit. Ask somebody who may.",
                "It was decided on %(count)d pages that you may not edit. Ask somebody who may.",
                foreign,
            )
            found.append(message % {"count": foreign})
        return found

    def _decided_elsewhere(self) -> int:
        """On how many pages that the user may not edit an editor decided on the topic: their tags would change."""
        rows = Suggestion.objects.filter(topic=self.topic).exclude(state__in=OPEN_STATES)
        return rows.exclude(page__in=editable_pages(self.request.user).values("pk")).count()
