"""What a learned segmentation found, as its report shows it: no number of a group of fewer than k."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from personalization.conf import settings
from personalization.models import LearnedCluster, LearnedSegmentation, LearnedVersion
from personalization.privacy import Cell, showable
from tagging import index

WEAK, CLEAR = 0.25, 0.5
"""Kaufman and Rousseeuw: below the first no structure to speak of, from the second on a reasonable one."""


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """One cluster of a version. `size` is None, and `topics` are empty, where they are held back."""

    cluster: LearnedCluster
    size: int | None
    percent: int | None
    topics: tuple[tuple[str, float], ...]
    silhouette: float | None
    threshold: float


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One fit, used or refused, for the table and the picture of versions; `x` and `y` in percent of the picture."""

    version: LearnedVersion
    is_current: bool
    sizes: str
    reason: str
    x: str
    y: str


def cluster_rows(version: LearnedVersion) -> list[ClusterRow]:
    """The clusters of a version, the largest first."""
    rows = LearnedCluster.objects.select_related("segment").in_bulk([found["cluster"] for found in version.clusters])
    shown = shown_clusters(version)
    names = index.topic_names({topic for found in version.clusters for topic in _topics(found)})
    found_rows = [
        _row(rows[found["cluster"]], found, version.visitors, names, found["cluster"] in shown)
        for found in version.clusters
        if found["cluster"] in rows
    ]
    return sorted(found_rows, key=lambda row: -(row.size or 0))


def shown_clusters(version: LearnedVersion) -> frozenset[int]:
    """Ids of the clusters whose sizes may be shown beside the number of all visitors, and each other."""
    sizes = {found["cluster"]: found["size"] for found in version.clusters}
    rest = version.visitors - sum(sizes.values())
    cells = [Cell.of_size(number, size, settings.K_ANONYMITY) for number, size in enumerate([*sizes.values(), rest])]
    groups: dict[int, Collection[int]] = {0: set(range(len(cells)))}
    groups |= {cluster: {number} for number, cluster in enumerate(sizes)}
    return showable({key: set(cell) for key, cell in groups.items()}, cells, settings.K_ANONYMITY)


def version_rows(segmentation: LearnedSegmentation) -> list[VersionRow]:
    """Every version kept, the latest first."""
    versions = list(segmentation.versions.defer("parameters"))
    last = max(len(versions) - 1, 1)
    return [
        VersionRow(
            version=version,
            is_current=version.pk == segmentation.current_id,
            sizes=", ".join(_sizes(version)),
            reason=in_words(version.refusal),
            x=f"{100 - 100 * place / last:.2f}",
            y=f"{100 - 100 * max(0.0, version.stability or 0.0):.2f}",
        )
        for place, version in enumerate(versions)
    ]


def stability_line(rows: Sequence[VersionRow]) -> str:
    """The path of an SVG through the versions that could be compared; "" where fewer than two could."""
    points = [f"{row.x} {row.y}" for row in reversed(rows) if row.version.stability is not None]
    return f"M{' L'.join(points)}" if len(points) > 1 else ""


def in_words(outcome: Mapping[str, Any]) -> str:
    """Why nothing was learned or used, in the editor's language; "" where all went well."""
    return gettext(outcome["message"]) % outcome["params"] if outcome else ""


def clearness(silhouette: float) -> str:
    """A silhouette in words."""
    if silhouette < WEAK:
        return gettext("the groups run into each other")
    return gettext("the groups are clear") if silhouette >= CLEAR else gettext("the groups are somewhat clear")


def _row(
    cluster: LearnedCluster, found: Mapping[str, Any], visitors: int, names: Mapping[int, str], is_shown: bool
) -> ClusterRow:
    weights = {int(topic): weight for topic, weight in found["topics"].items()}
    topics = [(names[topic], weights.get(topic, 0.0)) for topic in _topics(found) if topic in names]
    return ClusterRow(
        cluster=cluster,
        size=found["size"] if is_shown else None,
        percent=round(100 * found["size"] / visitors) if is_shown and visitors else None,
        topics=tuple(topics) if is_shown else (),
        silhouette=found["silhouette"] if is_shown else None,
        threshold=found["threshold"],
    )


def _topics(found: Mapping[str, Any]) -> list[int]:
    """What sets a cluster apart; where nothing does, what it reads most."""
    return found["distinctive"] or [int(topic) for topic in list(found["topics"])[:3]]


def _sizes(version: LearnedVersion) -> list[str]:
    shown = shown_clusters(version)
    sizes = sorted((found["size"] for found in version.clusters if found["cluster"] in shown), reverse=True)
    return [*map(str, sizes), *[gettext("hidden")] * (len(version.clusters) - len(sizes))]
