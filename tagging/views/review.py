"""The review queue: every open suggestion on the pages that a user may edit, by page or by topic."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db.models import Max, Min, QuerySet, Window
from django.http import HttpRequest, JsonResponse
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.menu import MenuItem
from wagtail.admin.site_summary import SummaryItem
from wagtail.admin.views.generic import BaseListingView, PermissionCheckedMixin

from tagging.models import Suggestion

from . import review_decisions
from .permissions import MAY_EDIT, page_policy, unlocked_pages
from .review_filters import LEAST_SURE, OPEN, SUREST, ReviewFilterSet
from .review_rows import Grouping, grouped
from .review_texts import texts

ROWS = 50
FRAGMENT = "_w_filter_fragment"  # how Wagtail asks for the results alone


class ReviewMenuItem(MenuItem):
    """Shown to whoever may edit some page."""

    def __init__(self, order: int) -> None:
        url = reverse("affinity_review:index")
        super().__init__(_("Review topics"), url, name="affinity-review", icon_name="affinity-review", order=order)

    def is_shown(self, request: HttpRequest) -> bool:
        shown: bool = page_policy().user_has_any_permission(request.user, MAY_EDIT)
        return shown


class ReviewSummaryItem(SummaryItem):
    """How many suggestions are open, on the admin's home page; not shown where there are none."""

    order = 350
    template_name = "tagging/review/summary.html"

    @cached_property
    def count(self) -> int:
        return open_suggestions(self.request.user).filter(state=Suggestion.State.SUGGESTED).count()

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        return {"count": self.count}

    def is_shown(self) -> bool:
        return self.count > 0


def open_suggestions(user: Any) -> QuerySet[Suggestion]:
    """What the machine suggested or applied, and nobody decided, on the pages that a user may change now."""
    return Suggestion.objects.filter(state__in=OPEN, page__in=unlocked_pages(user).values("pk"))


class ReviewView(PermissionCheckedMixin, BaseListingView):
    """Open suggestions in groups of one page: the page with the surest suggestion comes first."""

    page_title = _("Review topics")
    header_icon = "affinity-review"
    template_name = "tagging/review/index.html"
    results_template_name = "tagging/review/results.html"
    index_url_name = "affinity_review:index"
    index_results_url_name = "affinity_review:index_results"
    filterset_class = ReviewFilterSet
    any_permission_required: ClassVar[list[str]] = MAY_EDIT
    is_searchable = True
    search_fields: ClassVar[list[str]] = ["page__title", "page__draft_title"]
    paginate_by = ROWS
    grouping: Grouping = "page"

    @cached_property
    def permission_policy(self) -> Any:
        return page_policy()

    @cached_property
    def least_sure_first(self) -> bool:
        return bool(self.filters.is_valid() and self.filters.form.cleaned_data["order"] == LEAST_SURE)

    def get_base_queryset(self) -> QuerySet[Suggestion]:
        return open_suggestions(self.request.user)

    def get_queryset(self) -> QuerySet[Suggestion]:
        matching: QuerySet[Suggestion] = self.search_queryset(self.filter_queryset(self.get_base_queryset()))
        return self.order_queryset(matching).select_related("topic", "page__locale")

    def order_queryset(self, queryset: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
        best = Min("score") if self.least_sure_first else Max("score")
        ordered = queryset.annotate(best=Window(best, partition_by="page_id"))
        order = LEAST_SURE if self.least_sure_first else SUREST
        return ordered.order_by("best" if self.least_sure_first else "-best", "page_id", order, "topic_id")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        query = self.request.GET.copy()
        for name in (self.page_kwarg, FRAGMENT):
            query.pop(name, None)
        return context | {
            "groups": grouped(list(context["object_list"]), self.grouping, self.request.user),
            "grouping": self.grouping,
            "query": query.urlencode(),
            "texts": json.dumps(texts()),
        }


class ReviewByTopicView(ReviewView):
    """The same in groups of one topic, in the order of the topic tree."""

    index_url_name = "affinity_review:by_topic"
    index_results_url_name = "affinity_review:by_topic_results"
    grouping: Grouping = "topic"

    def order_queryset(self, queryset: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
        return queryset.order_by("topic__path", LEAST_SURE if self.least_sure_first else SUREST, "page_id")


class MatchingView(ReviewView):
    """Everything that matches the filters, on all pages of the list: `{"items": [{"pair", "topic", "page"}, …]}`."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        rows = self.get_queryset().values_list("page_id", "topic_id", "topic__name", "page__draft_title")
        items = [{"pair": f"{page}-{topic}", "topic": name, "page": title} for page, topic, name, title in rows]
        return JsonResponse({"items": items})


urlpatterns = [
    path("", ReviewView.as_view(), name="index"),
    path("results/", ReviewView.as_view(results_only=True), name="index_results"),
    path("by-topic/", ReviewByTopicView.as_view(), name="by_topic"),
    path("by-topic/results/", ReviewByTopicView.as_view(results_only=True), name="by_topic_results"),
    path("matching/", MatchingView.as_view(), name="matching"),
    path("decide/", review_decisions.decide, name="decide"),
]
