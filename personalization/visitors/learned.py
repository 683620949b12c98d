"""Which learned clusters a visitor is likely of, by the versions in use, kept in this process for a moment.

numpy over plain numbers: nothing here loads what a fit needs.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from personalization.conf import settings
from personalization.models import LearnedSegmentation, LearnedVersion
from personalization.segmentation.learned import Model, from_json, predict_one
from personalization.types import ProfileState

LEAST: Final = 1e-4
"""Clusters less likely than this are not kept."""


@dataclass(frozen=True, slots=True)
class InUse:
    """A version's model, and the id of the cluster that each of its columns stands for."""

    model: Model
    clusters: Sequence[int]

    def memberships(self, profile: ProfileState) -> dict[int, float]:
        """Cluster id → probability."""
        likely = zip(self.clusters, predict_one(self.model, profile), strict=False)
        return {cluster: shortened(chance) for cluster, chance in likely if chance >= LEAST}


_kept: tuple[float, Mapping[int, InUse]] = (0.0, {})


def memberships(profile: ProfileState) -> dict[int, float]:
    """Cluster id → probability, over all learned segmentations. No query, but for one each CONFIG_CACHE_SECONDS."""
    found: dict[int, float] = {}
    for version in _in_use().values():
        found |= version.memberships(profile)
    return found


def forget_models() -> None:
    """Load anew at the next call: another version is in use. Other processes notice when their copy expires."""
    global _kept
    _kept = (0.0, {})


def _in_use() -> Mapping[int, InUse]:
    global _kept
    now = time.monotonic()
    if now >= _kept[0]:
        _kept = (now + settings.CONFIG_CACHE_SECONDS, _load(_kept[1]))
    return _kept[1]


def _load(known: Mapping[int, InUse]) -> dict[int, InUse]:
    """By the version's id, those that are known already not read again: a version never changes."""
    enabled = LearnedSegmentation.objects.filter(is_enabled=True, current__isnull=False)
    wanted = set(enabled.values_list("current", flat=True))
    new = LearnedVersion.objects.filter(pk__in=wanted - known.keys())
    return {pk: known[pk] for pk in wanted & known.keys()} | {version.pk: in_use(version) for version in new}


def in_use(version: LearnedVersion) -> InUse:
    """What a stored version says of visitors."""
    return InUse(from_json(version.parameters), [found["cluster"] for found in version.clusters])


def shortened(chance: float) -> float:
    """Three significant digits are enough of a probability, however small, and never round one up."""
    digits = 10 ** (2 - math.floor(math.log10(chance))) if chance > 0 else 1
    return math.floor(chance * digits) / digits
