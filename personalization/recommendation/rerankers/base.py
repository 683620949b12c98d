"""What a reranker is."""

from __future__ import annotations

from typing import ClassVar, Protocol

from personalization.recommendation.standing import Situation, Standing


class Reranker(Protocol):
    """Changes odds, tiers or order; adds no row and takes none away. A small frozen dataclass that holds its settings.

    The same input gives the same output: luck comes from `situation.seed`.
    """

    name: ClassVar[str]

    def __call__(self, standing: Standing, situation: Situation) -> Standing:
        """The standing after it."""
