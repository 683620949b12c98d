"""The rerankers that a placement asks for, in their one order.

1. `read` puts pages already read behind all others; 2. `freshness`, 3. `popularity` and 4. `fatigue` change the odds;
5. `emphasis` is the editors' boost and bury, on top of what machines did; 6. `pins` come first, and nothing moves them
after that; 7. `diversity` chooses among the others; 8. `caps` hold over the list that is shown; 9. `exploration`
gives one place to a new page. A site's own stand where it registers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from personalization.recommendation.placement import PlacementConfig
from personalization.recommendation.rules import Rulebook

from .base import Reranker
from .caps import Caps
from .emphasis import Emphasis
from .exploration import Exploration
from .fatigue import Fatigue
from .freshness import Freshness
from .mmr import MaximalMarginalRelevance
from .pins import PinsFirst
from .popularity import PopularityDebias
from .reading import ReadDown

Factory = Callable[[PlacementConfig, Rulebook], Reranker | None]
"""Makes a placement's reranker; None where the placement does not ask for it."""


def _read(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return ReadDown() if config.when_read == "down" else None


def _freshness(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return Freshness(config.freshness_days) if config.freshness_days else None


def _popularity(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return PopularityDebias(config.popularity_debias) if config.popularity_debias > 0.0 else None


def _fatigue(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return Fatigue(config.patience) if config.patience else None


def _emphasis(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return Emphasis(rules) if any(rule.action in ("boost", "bury") for rule in rules.rules) else None


def _pins(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return PinsFirst(rules) if rules.pins else None


def _diversity(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return MaximalMarginalRelevance(config.diversity) if config.diversity > 0.0 else None


def _caps(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return Caps(config.caps) if config.caps else None


def _exploration(config: PlacementConfig, rules: Rulebook) -> Reranker | None:
    return Exploration(config.exploration, config.caps) if config.exploration > 0.0 else None


_factories: dict[str, Factory] = {
    "read": _read,
    "freshness": _freshness,
    "popularity": _popularity,
    "fatigue": _fatigue,
    "emphasis": _emphasis,
    "pins": _pins,
    "diversity": _diversity,
    "caps": _caps,
    "exploration": _exploration,
}


def register(name: str, *, before: str = "emphasis") -> Callable[[Factory], Factory]:
    """Decorator for a site's own: the function makes the reranker, which then runs before the one named.

    Registered again under its name it takes the other's place in the chain. Raises KeyError for an unknown `before`.
    """

    def add(factory: Factory) -> Factory:
        if name in _factories:
            _factories[name] = factory
            return factory
        if before not in _factories:
            raise KeyError(f"No reranker is called {before!r}. There are: {', '.join(_factories)}.")
        later = {key: _factories.pop(key) for key in list(_factories)[list(_factories).index(before) :]}
        _factories.update({name: factory, **later})
        return factory

    return add


def chain_for(config: PlacementConfig, rules: Rulebook) -> Iterator[Reranker]:
    """The rerankers to run, first to last."""
    return (reranker for make in _factories.values() if (reranker := make(config, rules)) is not None)
