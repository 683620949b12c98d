"""The topic tree in Wagtail's admin: list, create, edit, move, delete."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Func, Model, ProtectedError, Q, QuerySet, TextField, Value
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, ObjectList, TitleFieldPanel
from wagtail.admin.ui.tables import ButtonsColumnMixin, NumberColumn, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets import AdminAutoHeightTextInput, Button
from wagtail.admin.widgets.slug import SlugInput

from tagging.models import Suggestion, Topic

from . import topic_effect, topic_teach
from .topic_form import TopicForm
from .topic_merge import TopicMergeView
from .topic_moves import MovingView, step
from .topic_overview import TopicInspectView
from .topic_pages import TopicPagesPanel, TopicPagesView
from .topic_split import TopicSplitView

TAGGED = (Suggestion.State.APPLIED, Suggestion.State.ACCEPTED)


class TopicColumn(ButtonsColumnMixin, TitleColumn):
    """The name of a topic: indented in the tree, with what stands above it in any other order."""

    cell_template_name = "tagging/topics/name_cell.html"

    def __init__(self, view: TopicIndexView) -> None:
        super().__init__("name", label=_("Topic"), get_url=view.get_edit_url, sort_key="path")
        self.view = view

    def get_buttons(self, instance: Topic, parent_context: Any) -> list[Any]:
        buttons: list[Any] = self.view.get_list_buttons(instance)
        return buttons

    def get_cell_context_data(self, instance: Topic, parent_context: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_cell_context_data(instance, parent_context)
        context["indents"] = range(instance.depth - 1) if self.view.is_tree else ()
        context["trail"] = "" if self.view.is_tree else self.view.trail(instance)
        return context


class TopicIndexView(generic.IndexView):
    """The tree in its own order; flat, with the way down to each topic, when searched or sorted by number."""

    default_ordering = "path"
    results_template_name = "tagging/topics/index_results.html"
    page_title = _("Topics")

    @cached_property
    def columns(self) -> list[Any]:
        return [
            TopicColumn(self),
            NumberColumn("tagged_count", label=_("Pages"), sort_key="tagged_count", width="12%"),
            NumberColumn("suggested_count", label=_("Suggested for"), sort_key="suggested_count", width="15%"),
        ]

    @property
    def is_searchable(self) -> bool:
        return True

    @property
    def is_tree(self) -> bool:
        """Whether rows stand in tree order, so that indenting them means something."""
        return not self.is_searching and self.ordering in ("path", None)

    def get_base_queryset(self) -> QuerySet[Topic]:
        topics: QuerySet[Topic] = Topic.objects.annotate(
            tagged_count=Count("suggestions", filter=Q(suggestions__state__in=TAGGED)),
            suggested_count=Count("suggestions", filter=Q(suggestions__state=Suggestion.State.SUGGESTED)),
        )
        return topics

    def search_queryset(self, queryset: QuerySet[Topic]) -> QuerySet[Topic]:
        if not self.is_searching:
            return queryset
        words = Func(F("synonyms"), Value("\n"), function="array_to_string", output_field=TextField())
        query = self.search_query
        found: QuerySet[Topic] = queryset.annotate(words=words).filter(
            Q(name__icontains=query) | Q(slug__icontains=query) | Q(words__icontains=query)
        )
        return found

    def trail(self, topic: Topic) -> str:
        """The names above a topic, "Culture › Film"; "" at the top level."""
        above = (topic.path[:end] for end in range(Topic.steplen, len(topic.path), Topic.steplen))
        return " › ".join(self._names[path] for path in above if path in self._names)

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(Topic.objects.values_list("path", "name"))

    def get_list_more_buttons(self, instance: Topic) -> list[Any]:
        buttons: list[Any] = super().get_list_more_buttons(instance)
        if add_url := self.get_add_url():
            url = f"{add_url}?parent={instance.pk}"
            buttons.append(Button(_("Add a topic below"), url=url, icon_name="plus", priority=15))
        return buttons


class TopicCreateView(generic.CreateView):
    """A new topic; `?parent=ID` proposes its place, `?name=` and `?description=` its words."""

    def get_initial(self) -> dict[str, Any]:
        parent = self.request.GET.get("parent", "")
        words = {key: self.request.GET.get(key, "") for key in ("name", "description")}
        return words | ({"parent": parent} if parent.isdecimal() else {})


class TopicDeleteView(generic.DeleteView):
    """Deletes a topic and all topics below it. Tags that editors put on pages stay."""

    template_name = "tagging/topics/confirm_delete.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        subtree = Suggestion.objects.filter(topic__path__startswith=self.object.path)
        context["below"] = self.object.get_descendants()
        context["tagged_pages"] = subtree.filter(state__in=TAGGED).values("page").distinct().count()
        context["rejections"] = subtree.filter(state=Suggestion.State.REJECTED).count()
        return context

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        except ProtectedError as error:
            messages.error(self.request, in_use_message(self.object, error.protected_objects))
            return redirect(reverse(self.edit_url_name, args=[self.object.pk]))
        return response


def in_use_message(topic: Topic, users: set[Model]) -> str:
    """What keeps a topic from being deleted, by name."""
    return gettext("“%(topic)s” cannot be deleted: it, or a topic below it, is used by %(users)s.") % {
        "topic": topic,
        "users": ", ".join(sorted(f"“{user}”" for user in users)),
    }


class TopicViewSet(ModelViewSet):
    """Everything an editor does with topics."""

    model = Topic
    name = "affinity_topics"
    url_prefix = "affinity/topics"
    icon = "affinity-topics"
    menu_hook = "register_affinity_menu_item"
    menu_label = _("Topics")
    menu_name = "affinity-topics"
    menu_order = 100
    list_per_page = 50
    copy_view_enabled = False
    inspect_view_enabled = True
    index_view_class = TopicIndexView
    add_view_class = TopicCreateView
    delete_view_class = TopicDeleteView
    inspect_view_class = TopicInspectView
    inspect_template_name = "tagging/topics/overview.html"
    index_results_template_name = "tagging/topics/index_results.html"
    delete_template_name = "tagging/topics/confirm_delete.html"
    edit_handler = ObjectList(
        [
            TitleFieldPanel("name", placeholder=_("Name*")),
            FieldPanel("parent"),
            FieldPanel("description", widget=AdminAutoHeightTextInput(attrs={"rows": 3})),
            FieldPanel("synonyms"),
            FieldPanel("slug", widget=SlugInput),
            topic_effect.EffectPanel(heading=_("Effect on pages")),
            TopicPagesPanel(heading=_("Pages on this topic")),
        ],
        base_form_class=TopicForm,
    )

    def get_index_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        kwargs = {**super().get_index_view_kwargs(**kwargs), "default_ordering": "path"}
        kwargs.pop("list_display")
        return kwargs

    def get_urlpatterns(self) -> list[URLPattern]:
        return [
            *super().get_urlpatterns(),
            path("teach/<int:pk>/", topic_teach.TopicTeachView.as_view(), name="teach"),
            path("teach/<int:pk>/ask/", topic_teach.ask, name="teach_ask"),
            path("teach/answer/<uuid:inquiry_id>/", topic_teach.answer, name="teach_answer"),
            path("merge/<int:pk>/", TopicMergeView.as_view(), name="merge"),
            path("split/<int:pk>/", TopicSplitView.as_view(), name="split"),
            path("moving/", MovingView.as_view(), name="moving"),
            path("moving/step/", step, name="moving_step"),
            path("effect/", topic_effect.ask, name="effect"),
            path("effect/<uuid:inquiry_id>/", topic_effect.answer, name="effect_answer"),
            path("pages/<int:pk>/", TopicPagesView.as_view(), name="pages"),
            path("pages/<int:pk>/results/", TopicPagesView.as_view(results_only=True), name="pages_results"),
        ]


topic_viewset = TopicViewSet()
