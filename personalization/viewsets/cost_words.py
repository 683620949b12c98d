"""What a rule costs, in words."""

from __future__ import annotations

from collections.abc import Sequence

import swapper
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from personalization.evaluation.displacement import Cost
from personalization.models import PlacementRule
from personalization.operations.rules import covered
from personalization.visitors.rule_costs import AskedRule, rule_costs


def costs_of(rules: Sequence[PlacementRule]) -> dict[int, Cost]:
    """Rule id → its cost, where enough is known of it."""
    return rule_costs([_asked(rule) for rule in rules if rule.pk])


def cost_in_words(cost: Cost | None) -> str:
    """Clicks a month, rounded: with an interval, or that nobody can tell."""
    if cost is None:
        return _("Not enough data")
    low, high = sorted(_rounded(abs(bound)) for bound in (cost.low, cost.high))
    if cost.low < 0.0 < cost.high:
        return _("No clear difference")
    words = {"clicks": _number(cost.clicks), "low": number_format(low), "high": number_format(high)}
    if cost.clicks > 0.0:
        return _("Costs about %(clicks)s clicks a month (%(low)s to %(high)s)") % words
    return _("Brings about %(clicks)s clicks a month (%(low)s to %(high)s)") % words


def _number(clicks: float) -> str:
    return str(number_format(_rounded(abs(clicks))))


def _rounded(clicks: float) -> int:
    """To one significant digit of what is above ten: an estimate looks like one, and nobody is counted out of it."""
    step = int(10 ** max(0, len(str(int(clicks))) - 1))
    return round(clicks / step) * step


def _asked(rule: PlacementRule) -> AskedRule:
    pages = covered(rule)
    if rule.locale_id:
        found = swapper.load_model("wagtailcore", "Page").objects.filter(pk__in=pages, locale=rule.locale_id)
        pages = frozenset(found.values_list("pk", flat=True))
    placement = rule.placement.name if rule.placement else ""
    return AskedRule(rule.pk, pages, placement, rule.segment_id or 0, rule.begins)
