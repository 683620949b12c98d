"""Editors' rules, with the pages that each covers, as the recommender needs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import swapper

from personalization.models import Placement, PlacementRule
from personalization.recommendation.rules import Action, Rule
from tagging import index


def rules_of(placement: Placement) -> tuple[Rule, ...]:
    """The placement's own rules in the editors' order, then those of all placements. Dates are looked at later.

    Two queries, and one more for each rule that speaks of a topic or a section.
    """
    everywhere = PlacementRule.objects.filter(placement=None)
    return tuple(as_rule(row) for row in (*placement.page_rules.all(), *everywhere))


def as_rule(row: PlacementRule) -> Rule:
    """One rule as plain values."""
    return Rule(
        action=cast(Action, row.action),
        pages=covered(row),
        target="page" if row.page_id is not None else "topic" if row.topic is not None else "section",
        is_everywhere=row.placement_id is None and row.pk is not None,
        segment_id=row.segment_id,
        locale_id=row.locale_id,
        starts=row.starts_at,
        ends=row.ends_at,
        strength=row.strength,
        rule_id=row.pk or 0,
    )


def covered(row: PlacementRule) -> frozenset[int]:
    """Ids of the pages that the rule speaks of; none where its topic or section is gone."""
    if row.page_id is not None:
        return frozenset([row.page_id])
    if row.topic is not None:
        return index.pages_tagged([row.topic])
    return frozenset(_below(row.section_id))


def _below(section_id: int | None) -> Iterable[int]:
    pages = swapper.load_model("wagtailcore", "Page").objects
    path = pages.filter(pk=section_id).values_list("path", flat=True).first()
    found: Iterable[int] = pages.filter(path__startswith=path).values_list("pk", flat=True) if path else ()
    return found
