"""From ranked pages to the list that is shown, and what each reranker did to it. Pure: a preview calls it, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from personalization.types import Vector

from .logged import Considered
from .placement import PlacementConfig
from .rankers import IS_PROPOSED
from .ranking import Ranking, Rows, ScoredPage
from .rerankers import chain_for
from .rules import Rulebook
from .standing import PageFacts, Situation, Standing

PINNED = 1.0
"""An editor's word scores as high as anything can."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that was read for one question: `pages` in the ranker's order, and what is known of them.

    `pins` are what editors' pins propose, `newcomers` new pages that lack impressions; both may be among `pages`.
    `n` is the number of pages shown, `spare` how many more are wanted to fill gaps. `considered` is for the log of a
    visitor's list.
    """

    pages: Sequence[ScoredPage]
    n: int
    spare: int = 0
    rules: Rulebook = field(default_factory=Rulebook)
    pins: Sequence[ScoredPage] = ()
    newcomers: Sequence[ScoredPage] = ()
    facts: Mapping[int, PageFacts] = field(default_factory=dict)
    vectors: Mapping[int, Vector] = field(default_factory=dict)
    seed: str = ""
    considered: Considered | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What one reranker did: each page's place after it, from 1, and what its odds were multiplied by."""

    name: str
    places: Mapping[int, int]
    factors: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Pages in the order in which they are shown, spare ones behind. `chances` maps page ids to propensities below 1.

    `steps` begin with "ranking", the order before any reranker; they are there only if asked for.
    """

    pages: Ranking
    chances: Mapping[int, float]
    steps: tuple[Step, ...] = ()


def arrange(prepared: Prepared, config: PlacementConfig, *, is_explained: bool = False) -> Arrangement:
    """Run the placement's chain of rerankers over what was prepared. Nothing is read, and nothing is left to chance.

    Reads of `config` only what rerankers use, so that a preview may try settings on one `Prepared`.
    """
    # Pins and newcomers stand behind all that was ranked until their reranker fetches them.
    pages = Ranking.of(prepared.pages).joined([*prepared.pins, *prepared.newcomers])
    situation = Situation.of(pages, prepared.n, prepared.facts, prepared.vectors, prepared.seed, prepared.spare)
    standing = Standing.of(pages)
    steps = [_step("ranking", standing, standing, situation)] if is_explained else []
    for reranker in chain_for(config, prepared.rules):
        before, standing = standing, reranker(standing, situation)
        if is_explained:
            steps.append(_step(reranker.name, before, standing, situation))
    order = standing.order
    is_fetched = (pages.tiers[order] != IS_PROPOSED) | (np.arange(len(order)) < standing.held)
    rows = order[is_fetched][: prepared.n + prepared.spare]
    return Arrangement(_shown(rows, standing, prepared, pages), _chances(rows, standing, pages), tuple(steps))


def _shown(rows: Rows, standing: Standing, prepared: Prepared, pages: Ranking) -> Ranking:
    shown = pages.taken(rows, standing.scores()[rows])
    if not standing.held:
        return shown
    pins = {page.page_id: page for page in prepared.pins}
    held = {pages.page_ids[row] for row in standing.order[: standing.held].tolist()}
    return Ranking.of([_pinned(page, pins) if page.page_id in held else page for page in shown])


def _pinned(page: ScoredPage, pins: Mapping[int, ScoredPage]) -> ScoredPage:
    """What an editor put there is there for that alone, whatever a ranker thought of it."""
    pin = pins.get(page.page_id)
    return replace(pin, score=PINNED, tier=0) if pin else replace(page, score=PINNED, shares={"pins": 1.0})


def _chances(rows: Rows, standing: Standing, pages: Ranking) -> dict[int, float]:
    if standing.chances is None:
        return {}
    return {pages.page_ids[row]: float(standing.chances[row]) for row in rows.tolist() if standing.chances[row] < 1.0}


def _step(name: str, before: Standing, after: Standing, situation: Situation) -> Step:
    ids = situation.page_ids
    with np.errstate(divide="ignore", invalid="ignore"):
        factors = np.where(before.odds > 0.0, after.odds / before.odds, 1.0)
    return Step(
        name,
        {ids[row]: place for place, row in enumerate(after.order.tolist(), start=1)},
        {page_id: factor for page_id, factor in zip(ids, factors.tolist(), strict=True) if factor != 1.0},
    )
