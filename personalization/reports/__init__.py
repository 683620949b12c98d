"""Reports for editors, under Affinity."""

from .recommendations import RecommendationsReport
from .releases import NoisyExportsReport

__all__ = ["NoisyExportsReport", "RecommendationsReport"]
