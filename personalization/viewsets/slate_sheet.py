"""How a page came to its place, for editors: what sources said, what each reranker did, which rule decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from personalization.models import PlacementRule
from personalization.operations import Explanation
from personalization.recommendation.arrangement import Step
from personalization.recommendation.ranking import ScoredPage
from tagging import index

from .overrule_words import what_in_words

SOURCE_NAMES: Mapping[str, Any] = {
    "pins": gettext_lazy("Editors’ pins"),
    "similar": gettext_lazy("Related to the page"),
    "profile": gettext_lazy("The reader’s interests"),
    "trending": gettext_lazy("Trending"),
    "covisits": gettext_lazy("Read together"),
    "transitions": gettext_lazy("Opened next"),
    "sessions": gettext_lazy("Visits like this one"),
    "factors": gettext_lazy("Readers’ taste in common"),
    "sequences": gettext_lazy("What follows such visits"),
    "series": gettext_lazy("The same series"),
    "recent": pgettext_lazy("source of recommendations", "Newest"),
    "exploration": gettext_lazy("A new page’s chance"),
}

STEP_NAMES: Mapping[str, Any] = {
    "read": gettext_lazy("Read already"),
    "freshness": gettext_lazy("Freshness"),
    "popularity": gettext_lazy("Less of what everybody reads"),
    "fatigue": gettext_lazy("Seen often, never clicked"),
    "emphasis": gettext_lazy("Editors’ boost or bury"),
    "pins": gettext_lazy("Editors’ pins"),
    "diversity": gettext_lazy("Diversity"),
    "caps": gettext_lazy("At most so many of a kind"),
    "exploration": gettext_lazy("A new page’s chance"),
}


@dataclass(frozen=True, slots=True)
class SourceShare:
    """A source's part in an item's score, in whole percent, and what it said itself, on its own scale."""

    name: str
    percent: int
    said: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything about one item: `steps` and `notes` are sentences."""

    shares: tuple[SourceShare, ...]
    steps: tuple[str, ...]
    notes: tuple[str, ...]


def sheets(explanation: Explanation) -> dict[int, Sheet]:
    """Page id → its sheet, for the pages that are shown. At most four queries."""
    shown = {item.page_id: item for item in explanation.slate.items}
    pages = {page.page_id: page for page in explanation.arrangement.pages if page.page_id in shown}
    ranked = {page.page_id: page for page in explanation.prepared.pages}
    rules = _rules(explanation, shown)
    return {
        page_id: Sheet(
            shares=_shares(pages[page_id], ranked.get(page_id, pages[page_id])),
            steps=tuple(_steps(page_id, explanation.arrangement.steps)),
            notes=tuple(_notes(rules.get(page_id, ""), item.propensity)),
        )
        for page_id, item in shown.items()
    }


def _shares(page: ScoredPage, ranked: ScoredPage) -> tuple[SourceShare, ...]:
    """The shares of the score, strongest first; then what other sources said that counted for nothing."""
    candidates = {**ranked.candidates, **page.candidates}
    names = sorted(candidates.keys() | page.shares.keys(), key=lambda name: (-page.shares.get(name, 0.0), name))
    return tuple(
        SourceShare(
            str(SOURCE_NAMES.get(name, name)),
            round(100 * page.shares.get(name, 0.0)),
            number_format(candidates[name].score, 3) if name in candidates else "",
        )
        for name in names
    )


def _steps(page_id: int, steps: tuple[Step, ...]) -> Iterator[str]:
    """The place that the ranker gave, then each reranker that moved the page or changed its odds."""
    for before, step in zip((None, *steps), steps, strict=False):
        place = step.places[page_id]
        if before is None:
            yield _("Ranked at place %(place)s") % {"place": number_format(place)}
            continue
        factor, name = step.factors.get(page_id, 1.0), STEP_NAMES.get(step.name, step.name)
        if factor == 1.0 and place == before.places[page_id]:
            continue
        words = {"step": name, "factor": number_format(factor, 2), "place": number_format(place)}
        if factor == 1.0:
            yield _("%(step)s: place %(place)s") % words
        else:
            yield _("%(step)s: odds times %(factor)s, place %(place)s") % words


def _notes(rule: str, propensity: float) -> Iterator[str]:
    if rule:
        yield _("Editors’ rule: %(rule)s") % {"rule": rule}
    if propensity < 1.0:
        yield _("Chance gave it this place with a probability of %(percent)s %%") % {
            "percent": number_format(100 * propensity, 1)
        }


def _rules(explanation: Explanation, shown: Mapping[int, Any]) -> dict[int, str]:
    """Page id → the rule that decides for it, in words."""
    deciding = {page_id: explanation.prepared.rules.deciding(page_id) for page_id in shown}
    rows = PlacementRule.objects.select_related("page", "section").in_bulk(
        [rule.rule_id for rule in deciding.values() if rule]
    )
    topics = index.topic_names([row.topic for row in rows.values() if row.topic]) if rows else {}
    return {
        page_id: what_in_words(rows[rule.rule_id], topics)
        for page_id, rule in deciding.items()
        if rule and rule.rule_id in rows
    }
