"""The product itself as contenders: every source alone, and every way to put them together, by the product's code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec

from personalization.evaluation.contender import Contender

from .contenders import Fallback, Learned, Single, Switching, Weighted, logistic, trees
from .content import Content
from .reading import Reading
from .sequences import NightlyNetwork, Sequences

__all__ = ["Content", "on_request", "teams"]


def teams(
    learned_from: int, content: Callable[[], Content] | None = None
) -> Mapping[str, Callable[[], Sequence[Contender]]]:
    """Teams by name; each is made fresh, shares what it counts and is replayed together.

    `learned_from` is how many views come before the first question. With `content` the source `similar` takes part,
    trees where LightGBM is installed.
    """
    return {"own": partial(_own, learned_from, content)}


def on_request(
    learned_from: int, content: Callable[[], Content] | None = None
) -> Mapping[str, Callable[[], Sequence[Contender]]]:
    """Teams that take part only where they are asked for by name: a fit takes minutes. They need torch.

    "sequences" is the network alone, "own+sequences" are the rankers that learn from it and from all other sources.
    """
    if not find_spec("torch"):
        return {}
    return {"sequences": lambda: [Sequences()], "own+sequences": partial(_with_network, learned_from, content)}


def _own(learned_from: int, content: Callable[[], Content] | None) -> Sequence[Contender]:
    reading = Reading(learned_from, content and content())
    return [
        *(Single(name, reading) for name in reading.sources),
        Weighted("hybrid, weighted", reading),
        Fallback("hybrid, fallback", reading),
        Switching("hybrid, hard switch", reading),
        *_learned("hybrid", reading),
    ]


def _with_network(learned_from: int, content: Callable[[], Content] | None) -> Sequence[Contender]:
    return _learned("hybrid+sequences", Reading(learned_from, content and content(), NightlyNetwork()))


def _learned(name: str, reading: Reading) -> Sequence[Contender]:
    fits = {"logistic": logistic} | ({"trees": trees} if find_spec("lightgbm") else {})
    return [Learned(f"{name}, {kind}", reading, fit) for kind, fit in fits.items()]
