"""What a fit of a ranker hands on to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FittedRanker:
    """A model as JSON, and how good it is: see `RankerVersion`. `refusal` says why it does not go live."""

    method: str
    parameters: Mapping[str, Any]
    learned_from: Mapping[str, Any]
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    refusal: Mapping[str, Any] = field(default_factory=dict)
