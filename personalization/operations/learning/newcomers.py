"""What whole profiles looked like after the first pages, to learn how far these may be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from personalization.models import Event
from personalization.profiles import Tally, fold, profile_state
from personalization.segmentation.learned import (
    EARLY_PAGES,
    ClusterModel,
    Labels,
    describable,
    fit_doubt,
    labels,
    matrix,
    project,
)
from personalization.types import ProfileState
from personalization.visitors.folding import fold_settings, readings

SAMPLE: Final = 500
ENOUGH: Final = 30
"""With fewer such visitors nothing is said of newcomers."""


@dataclass(frozen=True, slots=True)
class Newcomers:
    """How many `visitors` were looked at, what part of them was told the `right` cluster, and the doubt that is due."""

    visitors: int
    right: float
    doubt: float


def newcomers(model: ClusterModel, profiles: Sequence[ProfileState], mine: Labels) -> Newcomers | None:
    """What the model says of visitors by their first remembered pages, beside the clusters of all they read."""
    known = [
        (profile, int(cluster))
        for profile, cluster in zip(profiles, mine, strict=True)
        if cluster >= 0 and len(profile.recent) >= 2 * EARLY_PAGES
    ][:SAMPLE]
    early = early_profiles([profile for profile, _cluster in known], model.spec.vector_model)
    pairs = [
        (profile, cluster)
        for profile, (_whole, cluster) in zip(early, known, strict=True)
        if describable(profile, model.spec)
    ]
    if len(pairs) < ENOUGH:
        return None
    points = project(model.projection, matrix([profile for profile, _cluster in pairs], model.spec))
    truth = np.array([cluster for _profile, cluster in pairs])
    right = float((labels(model.mixture, points) == truth).mean())
    return Newcomers(len(pairs), right, fit_doubt(model.mixture, points, truth))


def early_profiles(profiles: Sequence[ProfileState], vector_model: str) -> list[ProfileState]:
    """Each profile as its `EARLY_PAGES` oldest pages alone would have made it."""
    events = [
        Event(page_id=page.page_id, kind="view", at=page.at, device=max(profile.devices, default=""))
        for profile in profiles
        for page in profile.recent[-EARLY_PAGES:]
    ]
    found, chosen = readings(events), fold_settings()
    starts = range(0, len(found), EARLY_PAGES)
    tallies = [fold(Tally(), found[start : start + EARLY_PAGES], chosen) for start in starts]
    return [replace(profile_state(tally, chosen.half_life), vector_model=vector_model) for tally in tallies]
