"""Which candidate sources a placement's strategy asks, and how much each counts.

Constants from measurements on content sites: recent popularity and content weigh the same once there is
traffic to count; what is known of a visitor outweighs both; weights grow with the evidence behind them and
nothing is switched hard.
"""

from __future__ import annotations

from collections.abc import Mapping

from personalization.types import ProfileState

FALLBACK = ("similar", "trending", "recent")

PROFILE_WEIGHT = 3.0
PROFILE_HALF_MASS = 1.0
TRENDING_HALF_VIEWS = 100.0


def weights(strategy: str, profile: ProfileState | None) -> Mapping[str, float]:
    """Source name to weight, before trending's evidence is known. Only these sources are asked.

    Without a usable profile, "profile" asks for what the fallback gives.
    """
    if strategy == "profile":
        return {"profile": 1.0} if is_known(profile) else {"similar": 1.0}
    if strategy != "blend":
        return {strategy: 1.0}
    chosen = {"similar": 1.0, "trending": 1.0, "recent": 0.25}
    if profile is not None and is_known(profile):
        chosen["profile"] = PROFILE_WEIGHT * profile.mass / (profile.mass + PROFILE_HALF_MASS)
    return chosen


def fallback(strategy: str) -> tuple[str, ...]:
    """The sources that fill the slate, in this order, where the strategy's own do not."""
    return FALLBACK[FALLBACK.index(strategy) + 1 :] if strategy in FALLBACK else FALLBACK


def with_evidence(weights: Mapping[str, float], views: float) -> Mapping[str, float]:
    """Trending weighs half at `TRENDING_HALF_VIEWS` decayed views in sight: a handful of clicks is no trend."""
    if "trending" not in weights or len(weights) == 1:
        return weights
    return {**weights, "trending": weights["trending"] * views / (views + TRENDING_HALF_VIEWS)}


def is_known(profile: ProfileState | None) -> bool:
    """Whether a profile says anything about interests."""
    return profile is not None and (profile.vector is not None or bool(profile.topics))
