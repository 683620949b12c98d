"""Which candidate sources a placement's strategy asks, and how much each counts.

Constants from measurements on content sites: recent popularity and content weigh the same once there is
traffic to count, what is read together a quarter of it; what is known of a visitor outweighs both; weights grow with
the evidence behind them and nothing is switched hard.
"""

from __future__ import annotations

from collections.abc import Mapping

from personalization.types import ProfileState

FALLBACK = ("similar", "trending", "recent")

PROFILE_WEIGHT = 3.0
PROFILE_HALF_MASS = 1.0
TRENDING_HALF_VIEWS = 60.0
HISTORY: Mapping[str, float] = {"covisits": 0.25, "transitions": 0.25, "sessions": 0.25}
HISTORY_HALF_READERS = 20.0
COUNTED = frozenset({"trending", *HISTORY})
"""Sources that count for as much as was counted."""

SERIES_WEIGHT = 0.5
FACTORS_WEIGHT = 0.1
SEQUENCES_WEIGHT = 0.25
OWN: dict[str, float] = {}
"""Source of the site's own to its weight in the blend, as it was registered."""


def weights(strategy: str, profile: ProfileState | None) -> Mapping[str, float]:
    """Source name to weight, before it is known how much there is behind each. Only these sources are asked.

    Without a usable profile, "profile" asks for what the fallback gives.
    """
    if strategy == "profile":
        return {"profile": 1.0} if is_known(profile) else {"similar": 1.0}
    if strategy != "blend":
        return {strategy: 1.0}
    chosen = {"similar": 1.0, "trending": 1.0, "recent": 0.25, **HISTORY}
    chosen |= {"series": SERIES_WEIGHT, "factors": FACTORS_WEIGHT, "sequences": SEQUENCES_WEIGHT, **OWN}
    if profile is not None and is_known(profile):
        chosen["profile"] = PROFILE_WEIGHT * profile.mass / (profile.mass + PROFILE_HALF_MASS)
    return chosen


def fallback(strategy: str) -> tuple[str, ...]:
    """The sources that fill the slate, in this order, where the strategy's own do not."""
    return FALLBACK[FALLBACK.index(strategy) + 1 :] if strategy in FALLBACK else FALLBACK


def with_evidence(weights: Mapping[str, float], evidence: Mapping[str, float]) -> Mapping[str, float]:
    """The weights, by how much is behind what was counted: a handful of clicks is no trend.

    `evidence` is the decayed views in sight of "trending", and the readers behind what the other sources propose.
    `TRENDING_HALF_VIEWS` and `HISTORY_HALF_READERS` of it halve the weight.
    """
    if len(weights) == 1:
        return weights
    return {source: weight * _trust(source, evidence.get(source, 0.0)) for source, weight in weights.items()}


def _trust(source: str, amount: float) -> float:
    if source not in COUNTED:
        return 1.0
    return amount / (amount + (TRENDING_HALF_VIEWS if source == "trending" else HISTORY_HALF_READERS))


def is_known(profile: ProfileState | None) -> bool:
    """Whether a profile says anything about interests."""
    return profile is not None and (profile.vector is not None or bool(profile.topics))
