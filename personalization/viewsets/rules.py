"""Editors' rules in Wagtail's admin: where they overrule the recommender."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import HelpPanel, ObjectList
from wagtail.admin.ui.tables import Column, Table, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet

from personalization.columns import WideColumn
from personalization.evaluation.displacement import Cost
from personalization.models import Placement, PlacementRule
from tagging import index

from .cost_words import cost_in_words, costs_of
from .overrule_words import what_in_words, when_in_words, where_in_words, whom_in_words
from .rule_fields import rule_panels


class RuleFilterSet(WagtailFilterSet):
    """By what is done, where, for whom, in which language, and whether it holds now."""

    placement = django_filters.ModelChoiceFilter(
        queryset=Placement.objects.all(), label=_("Placement"), null_label=_("All placements")
    )
    state = django_filters.ChoiceFilter(
        label=_("State"),
        choices=[("now", _("In force")), ("planned", _("Planned")), ("over", _("Over"))],
        method="in_state",
    )

    class Meta:
        model = PlacementRule
        fields = ["action", "placement", "segment", "locale"]

    def in_state(self, rules: QuerySet[PlacementRule], name: str, value: str) -> QuerySet[PlacementRule]:
        now = timezone.now()
        if value == "now":
            return rules.exclude(starts_at__gt=now).exclude(ends_at__lte=now)
        return rules.filter(starts_at__gt=now) if value == "planned" else rules.filter(ends_at__lte=now)


class RuleIndexView(generic.IndexView):
    """The list, with what each rule is about in words and its estimated cost in clicks."""

    @cached_property
    def columns(self) -> list[Column]:
        return [
            self._get_title_column_class(TitleColumn)(
                "rule", label=_("Rule"), accessor=self._what, get_url=self.get_edit_url
            ),
            Column("where", label=_("Placement"), accessor=where_in_words),
            WideColumn("for", label=_("For"), accessor=whom_in_words),
            WideColumn("when", label=_("When"), accessor=when_in_words),
            Column("cost", label=_("Estimated cost"), accessor=lambda rule: cost_in_words(self._costs.get(rule.pk))),
        ]

    def get_base_queryset(self) -> QuerySet[PlacementRule]:
        return PlacementRule.objects.select_related("placement", "page", "section", "segment", "locale")

    def _what(self, rule: PlacementRule) -> str:
        return what_in_words(rule, self._topics)

    def get_table(self, object_list: Iterable[PlacementRule]) -> Table:
        self._rows = list(object_list)
        return super().get_table(self._rows)

    @cached_property
    def _topics(self) -> dict[int, str]:
        return index.topic_names([rule.topic for rule in self._rows if rule.topic])

    @cached_property
    def _costs(self) -> dict[int, Cost]:
        return costs_of(self._rows)


class CostPanel(HelpPanel):
    """What the saved rule costs, beside its form."""

    class BoundPanel(HelpPanel.BoundPanel):
        def is_shown(self) -> bool:
            return bool(self.instance.pk)

        @property
        def words(self) -> str:
            return cost_in_words(costs_of([self.instance]).get(self.instance.pk))


class RuleViewSet(ModelViewSet):
    """What editors pinned, excluded, boosted and buried, in every placement."""

    model = PlacementRule
    name = "personalization_rules"
    url_prefix = "affinity/rules"
    icon = "pick"
    menu_label = _("Editors’ rules")
    index_view_class = RuleIndexView
    filterset_class = RuleFilterSet
    ordering = ("-created_at",)
    search_fields = None

    def get_edit_handler(self) -> Any:
        panels = [
            CostPanel(template="personalization/admin/rule_cost_panel.html", heading=_("What it costs")),
            *rule_panels(),
        ]
        return ObjectList(panels).bind_to_model(self.model)
