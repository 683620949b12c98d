"""Reads what a list is made of: candidates of the placement's sources, and what rerankers look at.

A fixed number of queries, however many pages there are. What a placement does not ask for is not read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC

from personalization.conf import settings
from personalization.recommendation import filters, rankers, strategies
from personalization.recommendation.arrangement import Prepared
from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.proposals import Proposals
from personalization.recommendation.ranking import Ranking
from personalization.recommendation.rules import Rulebook
from personalization.sources import SourceRequest, registered
from personalization.types import Candidate, RecQuery
from personalization.visibility import visible_ids
from tagging import index

from .facts import facts_of
from .newcomers import newcomers
from .placements import recommendable_types
from .ranking import considered, ranker_for

SPARE = 12
"""So many more pages than asked for are chosen, so that a slate is still full when some go out of sight."""

MOST_CANDIDATES = 200
"""The ranker looks at so many pages."""

POOL = 100
"""Of what was ranked, so many of the best are reranked."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A query with what follows from it once."""

    query: RecQuery
    config: PlacementConfig
    rules: Rulebook
    request: SourceRequest
    wanted: int


def prepare(query: RecQuery, config: PlacementConfig, *, is_complete: bool = False) -> Prepared:
    """Everything for `recommendation.arrangement.arrange`, only visible pages of the right types.

    With `is_complete` all is read that any setting of a placement's rerankers may look at, not only what this one's do.
    """
    rules = config.rulebook(query.segments, query.locale_id, query.context.at)
    asked = _Question(query, config, rules, _source_request(query, config, rules), query.n + SPARE)
    found = _gather(strategies.weights(config.strategy, query.profile), asked.request)
    candidates = filters.at_most(_allowed(found, asked), MOST_CANDIDATES)
    proposals = Proposals.of(candidates)
    pages = _ranked(proposals, asked)[: max(POOL, asked.wanted)]
    proposed = _allowed(registered()["pins"].candidates(asked.request), asked)
    pins = [rankers.alone(pin, 0.0, tier=rankers.IS_PROPOSED) for pin in proposed]
    new = newcomers(asked.request) if is_complete or config.exploration > 0.0 else {}
    fresh = [rankers.alone(Candidate(page_id, 0.0, "exploration"), 0.0, tier=rankers.IS_NEW) for page_id in new]
    page_ids = pages.joined([*pins, *fresh]).page_ids
    return Prepared(
        pages=pages,
        n=query.n,
        spare=SPARE,
        rules=rules,
        pins=pins,
        newcomers=fresh,
        facts=facts_of(page_ids, query, config, lacking=new, is_complete=is_complete),
        vectors=index.vectors(page_ids) if is_complete or config.diversity > 0.0 else {},
        seed=seed_of(query),
        considered=considered(query, config, proposals),
    )


def seed_of(query: RecQuery) -> str:
    """The occasion: a visitor, or nobody in particular, at one place of the site in one hour."""
    hour = query.context.at.astimezone(UTC).strftime("%Y-%m-%dT%H")
    return f"{query.placement}|{query.page_id}|{query.visitor_id}|{hour}"


def _ranked(proposals: Proposals, asked: _Question) -> Ranking:
    """What the ranker has an opinion of, then what fills the list. At most the candidates of all sources."""
    ranked = ranker_for(asked.query, asked.config, proposals).rank(proposals)
    if len(ranked) >= asked.wanted:
        return ranked
    chain = strategies.fallback(asked.config.strategy)
    others = set(chain) - strategies.weights(asked.config.strategy, asked.query.profile).keys()
    fillers = _allowed(_gather(others, asked.request), asked)
    return rankers.filled(ranked, [*proposals.candidates, *fillers], chain)


def _source_request(query: RecQuery, config: PlacementConfig, rules: Rulebook) -> SourceRequest:
    exclude = query.exclude | rules.excluded
    if query.page_id is not None:
        exclude |= {query.page_id}
    if query.profile is not None and config.when_read == "out":
        exclude |= query.profile.read_page_ids
    limit = max(settings.CANDIDATES_PER_SOURCE, query.n + SPARE)
    return SourceRequest(query, config, limit, types_of(config), exclude)


def types_of(config: PlacementConfig) -> frozenset[int]:
    """Never empty where the site has a page type that may be recommended."""
    return config.types & recommendable_types() if config.types else recommendable_types()


def _gather(names: Iterable[str], request: SourceRequest) -> list[Candidate]:
    """What these sources propose, without what must not be shown or fits too little."""
    sources = registered()
    found = [candidate for name in sorted(names) for candidate in sources[name].candidates(request)]
    fits = {name for name, source in sources.items() if source.is_fit}
    return filters.at_least(filters.without(found, request.exclude), request.placement.minimum_score, fits)


def _allowed(candidates: Iterable[Candidate], asked: _Question) -> list[Candidate]:
    """Those whose pages anybody may see, of the right types; an editor's pin may be of any type. One query."""
    found = list(candidates)
    if not found:
        return []
    visible = visible_ids({c.page_id for c in found}, asked.query.site_id, asked.query.locale_id)
    types = asked.request.types
    return [c for c in found if c.page_id in visible and (c.source == "pins" or visible[c.page_id] in types)]
