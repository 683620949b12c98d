"""From one order to the order that is shown: one reranker a file, and the chain that they run in."""

from .base import Reranker
from .caps import GIVES_WAY, Caps
from .chain import chain_for, register
from .emphasis import Emphasis
from .exploration import Exploration
from .fatigue import Fatigue
from .freshness import Freshness
from .mmr import MaximalMarginalRelevance
from .pins import PinsFirst
from .popularity import PopularityDebias
from .reading import ReadDown

__all__ = [
    "GIVES_WAY",
    "Caps",
    "Emphasis",
    "Exploration",
    "Fatigue",
    "Freshness",
    "MaximalMarginalRelevance",
    "PinsFirst",
    "PopularityDebias",
    "ReadDown",
    "Reranker",
    "chain_for",
    "register",
]
