"""Differential privacy: whole numbers with Laplace noise, drawn by OpenDP."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from personalization.exceptions import NoNoise


def is_available() -> bool:
    """Whether OpenDP is installed. Does not import it."""
    return find_spec("opendp") is not None


def noisy(counts: Sequence[int], epsilon: float, contribution: int) -> tuple[list[int], float]:
    """The counts with discrete Laplace noise, none below 0, and the epsilon that showing them all spends.

    `contribution` is what one visitor can change all counts by, added up (the L1 sensitivity when a visitor is added
    or removed): it is the caller's duty to have counted no more of each. The noise has the scale
    `contribution / epsilon`, and its law P(n) ∝ exp(-|n| · epsilon / contribution); see Ghosh, Roughgarden and
    Sundararajan, "Universally utility-maximizing privacy mechanisms" (2009). Raises `NoNoise`.
    """
    if not (epsilon > 0 and contribution > 0):
        raise ValueError("Without a positive epsilon and contribution there is no noise.")
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise NoNoise from error
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    laplace = dp.m.make_laplace(*space, scale=contribution / epsilon)
    # OpenDP's measurements have no types.
    return [max(0, count) for count in laplace(list(counts))], float(laplace.map(contribution))  # type: ignore[no-untyped-call]
