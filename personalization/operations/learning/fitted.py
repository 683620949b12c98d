"""What a fit hands on to be stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personalization.segmentation.learned import Model


@dataclass(frozen=True, slots=True)
class FoundCluster:
    """One column of a model. `continues` is the id of the cluster that it was before, None for a new one."""

    continues: int | None
    size: int
    topics: Mapping[int, float]
    distinctive: Sequence[int]
    silhouette: float | None = None
    threshold: float = 0.5
    """From this probability on a visitor belongs."""

    def as_json(self, cluster_id: int) -> dict[str, Any]:
        return {
            "cluster": cluster_id,
            "size": self.size,
            "topics": {str(topic): round(weight, 4) for topic, weight in self.topics.items()},
            "distinctive": list(self.distinctive),
            "silhouette": self.silhouette,
            "threshold": self.threshold,
        }


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model and how good it is. `refusal` says why it is not used: a message, translated where shown, and params."""

    model: Model
    clusters: Sequence[FoundCluster]
    visitors: int
    silhouette: float | None = None
    stability: float | None = None
    compared: int = 0
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    refusal: Mapping[str, Any] = field(default_factory=dict)
