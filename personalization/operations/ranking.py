"""Which ranker a question gets, and what of that its log keeps."""

from __future__ import annotations

from personalization.recommendation import strategies
from personalization.recommendation.circumstances import LONG_VISIT, Circumstances
from personalization.recommendation.learned import LearnedRanker
from personalization.recommendation.logged import Considered
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.proposals import Proposals
from personalization.recommendation.rankers import Ranker, WeightedRanker
from personalization.sources.journey import pages_read
from personalization.types import RecQuery

from .rankers import live_version

LEARNS: frozenset[str] = frozenset({"blend"})
"""Strategies with several sources, whose weights can be learned."""


def ranker_for(query: RecQuery, config: PlacementConfig, proposals: Proposals) -> Ranker:
    """The learned ranker where a version is live and the strategy has something to weigh; else the weighted blend."""
    live = live_version() if config.strategy in LEARNS else None
    if live:
        return LearnedRanker(live.model, circumstances_of(query), live.number)
    return weighted_ranker(query, config, proposals)


def weighted_ranker(query: RecQuery, config: PlacementConfig, proposals: Proposals) -> WeightedRanker:
    """The weighted blend with the strategy's weights, by how much is behind them; or as it was tuned.

    Tuned weights count as they are: they were measured on lists with as much behind each source as this site has.
    """
    weights = strategies.weights(config.strategy, query.profile)
    if config.weights and config.strategy in LEARNS:
        tuned = dict(config.weights)
        return WeightedRanker({source: tuned.get(source, weight) for source, weight in weights.items()})
    return WeightedRanker(strategies.with_evidence(weights, _evidence(proposals)))


def considered(query: RecQuery, config: PlacementConfig, proposals: Proposals) -> Considered | None:
    """For the log of a consenting visitor's list, where there is something to learn from it."""
    if query.visitor_id is None or config.strategy not in LEARNS or not len(proposals):
        return None
    live = live_version()
    blended = weighted_ranker(query, config, proposals).rank(proposals)
    return Considered(
        signals=proposals.signals,
        blend=dict(zip(blended.page_ids, blended.scores.tolist(), strict=True)),
        circumstances=circumstances_of(query),
        ranker_version=live.number if live else None,
        exploration=config.exploration,
    )


def circumstances_of(query: RecQuery) -> Circumstances:
    """Of a list for nobody in particular only the moment is known."""
    at = query.context.at
    if query.visitor_id is None and query.profile is None:
        return Circumstances(locale=query.context.locale, hour=at.hour, weekday=at.weekday(), placement=query.placement)
    return Circumstances(
        referrer=query.context.referrer,
        device=query.context.device,
        locale=query.context.locale,
        hour=at.hour,
        weekday=at.weekday(),
        placement=query.placement,
        pages=len(pages_read(query, LONG_VISIT)),
    )


def _evidence(proposals: Proposals) -> dict[str, float]:
    """Source to the views or readers behind all that it proposes; of those sources whose weight depends on it."""
    behind: dict[str, float] = {}
    for candidate in proposals.candidates:
        if candidate.source not in strategies.COUNTED:
            continue
        amount = candidate.evidence.get("views", candidate.evidence.get("readers", 0.0))
        behind[candidate.source] = behind.get(candidate.source, 0.0) + float(amount)
    return behind
