"""Which peers there are, and what each needs to be installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from personalization.evaluation.contender import Contender

from .factors import Als, Bpr
from .items import Ease, ItemKnn
from .neighbours import VSknn
from .popularity import Popularity
from .transitions import Transitions


@dataclass(frozen=True, slots=True)
class Peer:
    """Makes a peer that is fitted anew every `refit_hours` of the log's time; `needs` are modules to import."""

    make: Callable[[float], Contender]
    needs: tuple[str, ...] = ()


PEERS: Mapping[str, Peer] = {
    "popularity": Peer(lambda hours: Popularity()),
    "popularity-hour": Peer(lambda hours: Popularity(3600.0)),
    "transitions": Peer(lambda hours: Transitions()),
    "v-sknn": Peer(lambda hours: VSknn()),
    "item-knn": Peer(lambda hours: ItemKnn(refit_hours=hours), ("scipy", "implicit")),
    "ease": Peer(lambda hours: Ease(refit_hours=hours), ("scipy",)),
    "als": Peer(lambda hours: Als(refit_hours=hours), ("scipy", "implicit")),
    "bpr": Peer(lambda hours: Bpr(refit_hours=hours), ("scipy", "implicit")),
}


def available(name: str) -> bool:
    """Whether what the peer needs is installed."""
    return all(find_spec(module) for module in PEERS[name].needs)
