"""How the review queue is filtered and ordered."""

from __future__ import annotations

from typing import Any

import django_filters
import swapper
from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from wagtail.admin.filters import MultipleContentTypeFilter, NumberRangeWidget, WagtailFilterSet
from wagtail.admin.widgets import AdminPageChooser
from wagtail.models import Locale, get_page_content_types

from tagging import index
from tagging.models import Suggestion, Topic

State = Suggestion.State
OPEN = (State.SUGGESTED, State.APPLIED)
STATES = {"": (State.SUGGESTED,), "applied": (State.APPLIED,), "all": OPEN}
LEAST_SURE = "score"
SUREST = "-score"


class PercentRangeFilter(django_filters.RangeFilter):
    """A range of probabilities, typed as per cent: a probability shows as the nearest whole one."""

    def filter(self, qs: QuerySet[Any], value: slice | None) -> QuerySet[Any]:
        if value and value.start is not None:
            qs = qs.filter(score__gte=(float(value.start) - 0.5) / 100)
        if value and value.stop is not None:
            qs = qs.filter(score__lt=(float(value.stop) + 0.5) / 100)
        return qs


class ReviewFilterSet(WagtailFilterSet):
    """Open suggestions by topic, section, page type, locale, probability and state."""

    topic = django_filters.ChoiceFilter(
        label=_("Topic"),
        choices=index.topic_choices,
        empty_label=_("All topics"),
        method="with_topics_below",
        help_text=_("With the topics below it."),
    )
    section = django_filters.ModelChoiceFilter(
        label=pgettext_lazy("part of the site", "Section"),
        queryset=lambda request: swapper.load_model("wagtailcore", "Page").objects.all(),
        widget=AdminPageChooser,
        method="in_section",
        help_text=_("A page: only it and the pages below it are listed."),
    )
    page_type = MultipleContentTypeFilter(
        label=_("Page type"),
        field_name="page__content_type",
        queryset=lambda request: get_page_content_types(include_base_page_type=False),
        widget=forms.CheckboxSelectMultiple,
    )
    locale = django_filters.ModelMultipleChoiceFilter(
        label=_("Locale"),
        field_name="page__locale",
        queryset=lambda request: Locale.objects.all(),
        widget=forms.CheckboxSelectMultiple,
    )
    probability = PercentRangeFilter(
        label=_("Probability in per cent"), field_name="score", widget=NumberRangeWidget(attrs={"max": 100})
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[
            ("applied", _("Applied by machine, not looked at yet")),
            ("all", _("Suggested or applied by machine")),
        ],
        empty_label=_("Suggested"),
        widget=forms.RadioSelect,
        method="in_state",
    )
    order = django_filters.ChoiceFilter(
        label=_("Order"),
        choices=[(LEAST_SURE, _("Least sure first"))],
        empty_label=_("Surest first"),
        widget=forms.RadioSelect,
        method="as_it_is",
    )

    class Meta:
        model = Suggestion
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Suggestion]) -> QuerySet[Suggestion]:
        rows: QuerySet[Suggestion] = super().filter_queryset(queryset)
        return rows.filter(state__in=STATES[self.form.cleaned_data["state"]])

    def with_topics_below(self, rows: QuerySet[Suggestion], name: str, topic_id: str) -> QuerySet[Suggestion]:
        paths = Topic.objects.filter(pk=topic_id).values_list("path", flat=True)
        return rows.filter(topic__path__startswith=paths.get())

    def in_section(self, rows: QuerySet[Suggestion], name: str, page: Any) -> QuerySet[Suggestion]:
        return rows.filter(page__path__startswith=page.path)

    def as_it_is(self, rows: QuerySet[Suggestion], name: str, value: str) -> QuerySet[Suggestion]:
        """The view orders, and `filter_queryset` keeps to the state that is asked for."""
        return rows

    in_state = as_it_is
